/** Colours: those of Streamlit's theme, of classes and of values. */
const MAGMA = "#1c1044 #4f127b #812581 #b5367a #e55964 #fb8761 #fec287 #fcfdbf".split(" ");
const LEVELS = 64; // colours that a ramp is drawn with
const NEUTRAL = "#8b93a1";

/** The colours and the font that Streamlit's theme gives to `element`; `ground` is the paper's [r, g, b], `glow` the accent's. */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const token = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const paper = token("background-color");
  const [text, accent] = [token("text-color"), token("primary-color")];
  const ground = seen(paper);
  const [r, g, b] = ground;
  return { paper, text, accent, ground, glow: seen(accent), font: style.fontFamily, dark: 0.2126 * r + 0.7152 * g + 0.0722 * b < 128 };
}

/** A ramp of [r, g, b] from near the paper to far from it, so that a high value stands out in both themes; `falling`: a low one. */
export function rampOf(theme, falling) {
  const stops = theme.dark === !falling ? MAGMA.slice(1) : MAGMA.slice(0, -1).reverse();
  return Array.from({ length: LEVELS }, (_, i) => between(stops, i / (LEVELS - 1)));
}

/** The colours [r, g, b], one per value level, else per class, else one for all; and which of them each point has. */
export function inksOf({ n, values, labels, classes, palette, falling }, theme) {
  if (values) return { colors: rampOf(theme, falling), inkOf: values.map((v) => (v * LEVELS) >> 8) };
  if (labels) return { colors: classes.map((_, i) => rgb(palette[i % palette.length])), inkOf: labels };
  return { colors: [rgb(NEUTRAL)], inkOf: new Uint8Array(n) };
}

/** [r, g, b] of #rrggbb. */
const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function between(stops, t) {
  const at = Math.min(Math.floor(t * (stops.length - 1)), stops.length - 2);
  const [low, high, share] = [rgb(stops[at]), rgb(stops[at + 1]), t * (stops.length - 1) - at];
  return low.map((v, i) => Math.round(v + (high[i] - v) * share));
}

/** [r, g, b] of any CSS colour. */
function seen(color) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
}
