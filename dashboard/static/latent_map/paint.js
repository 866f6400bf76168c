/** How it looks: colours, and the two layers of the map. Nothing here listens, or changes what the map is. */
const MAGMA = "#1c1044 #4f127b #812581 #b5367a #e55964 #fb8761 #fec287 #fcfdbf".split(" ");
const LEVELS = 64; // colours that a ramp is drawn with
const NEUTRAL = "#8b93a1";
const PHASES = 4; // places between two pixels, on each axis, where a disc can lie

/** The colours and the font that Streamlit's theme gives to `element`. */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const token = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const paper = token("background-color");
  const [text, accent] = [token("text-color"), token("primary-color")];
  return { paper, text, accent, font: style.fontFamily, dark: isDark(paper) };
}

/** A ramp of [r, g, b] from near the paper to far from it, so that a high value stands out in both themes. */
export function rampOf(theme) {
  const stops = theme.dark ? MAGMA.slice(1) : MAGMA.slice(0, -1).reverse();
  return Array.from({ length: LEVELS }, (_, i) => between(stops, i / (LEVELS - 1)));
}

/** The colours [r, g, b], one per value level, else per class, else one for all; and which of them each point has. */
export function inksOf({ n, values, labels, classes, palette }, theme) {
  if (values) return { colors: rampOf(theme), inkOf: values.map((v) => (v * LEVELS) >> 8) };
  if (labels) return { colors: classes.map((_, i) => rgb(palette[i % palette.length])), inkOf: labels };
  return { colors: [rgb(NEUTRAL)], inkOf: new Uint8Array(n) };
}

/** The lower layer: picture, grid and points. `hidden` is a Set of classes, `lit` the one class to stress or null. */
export function paintBase(canvas, plane, { data, inks, order, theme, bitmap, hidden, lit }) {
  const context = begin(canvas, plane, { alpha: false, willReadFrequently: true });
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, plane.width, plane.height);
  if (bitmap) paintPicture(context, plane, bitmap, data.background_extent);
  paintGrid(context, plane, theme, Boolean(bitmap));
  paintPoints(context, plane, { data, inks, order, hidden, lit });
  paintTicks(context, plane, theme);
}

function begin(canvas, plane, settings) {
  const context = canvas.getContext("2d", settings);
  const density = canvas.width / plane.width;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, plane.width, plane.height);
  return context;
}

function paintPicture(context, plane, bitmap, [x0, y0, x1, y1]) {
  const [left, top] = plane.toScreen([x0, y1]);
  const [right, bottom] = plane.toScreen([x1, y0]);
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap, left, top, right - left, bottom - top);
}

function gridLines(plane) {
  const step = plane.step();
  const [[x0, y1], [x1, y0]] = [plane.toMap([0, 0]), plane.toMap([plane.width, plane.height])];
  const within = (low, high) => {
    const first = Math.ceil(low / step);
    return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
  };
  return { xs: within(x0, x1), ys: within(y0, y1) };
}

function paintGrid(context, plane, theme, onPicture) {
  const { xs, ys } = gridLines(plane);
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  const line = (value, x0, y0, x1, y1) => {
    context.globalAlpha = (value === 0 ? 0.2 : 0.07) * (onPicture ? 0.5 : 1);
    context.beginPath();
    context.moveTo(x0, y0);
    context.lineTo(x1, y1);
    context.stroke();
  };
  const crisp = (v) => Math.round(v) + 0.5;
  for (const x of xs) {
    const px = crisp(plane.toScreen([x, 0])[0]);
    line(x, px, 0, px, plane.height);
  }
  for (const y of ys) {
    const py = crisp(plane.toScreen([0, y])[1]);
    line(y, 0, py, plane.width, py);
  }
  context.globalAlpha = 1;
}

function paintTicks(context, plane, theme) {
  const { xs, ys } = gridLines(plane);
  context.font = `11px ${theme.font}`;
  context.lineWidth = 3;
  context.lineJoin = "round";
  const write = (value, x, y) => {
    const text = value.toFixed(plane.decimals).replace(/^-/, "−");
    context.globalAlpha = 0.9;
    context.strokeStyle = theme.paper;
    context.strokeText(text, x, y);
    context.globalAlpha = 0.65;
    context.fillStyle = theme.text;
    context.fillText(text, x, y);
  };
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  for (const x of xs) {
    const px = plane.toScreen([x, 0])[0];
    if (px > 40 && px < plane.width - 20) write(x, px, plane.height - 7);
  }
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const y of ys) {
    const py = plane.toScreen([0, y])[1];
    if (py > 14 && py < plane.height - 24) write(y, 7, py);
  }
  context.globalAlpha = 1;
}

/**
 * Blends one small disc per point into the pixels: several times faster than 10,000 calls of the canvas, with or
 * without a GPU. `order` is a fixed shuffle, so that no class lies over another.
 */
function paintPoints(context, plane, { data, inks, order, hidden, lit }) {
  const { xy, labels, n } = data;
  const { width, height } = context.canvas;
  const image = context.getImageData(0, 0, width, height);
  const sheet = { pixels: new Uint8Array(image.data.buffer), width, height };
  const density = width / plane.width;
  const crowd = Math.sqrt((plane.width * plane.height) / Math.max(n, 1)); // mean distance if they were spread evenly
  const radius = Math.min(Math.max(0.27 * crowd, 1.4), 4) * Math.min(Math.max(plane.view.zoom, 1) ** 0.35, 3) * density;
  const scale = plane.scale * density;
  const [left, top] = plane.toScreen([0, 0]).map((v) => v * density);
  const draw = (wanted, alpha) => {
    const discs = discsOf(radius, alpha);
    for (let k = 0; k < n; k++) {
      const i = order[k];
      if (labels && !wanted(labels[i])) continue;
      const x = left + xy[2 * i] * scale;
      const y = top - xy[2 * i + 1] * scale;
      const px = Math.floor(x);
      const py = Math.floor(y);
      if (px < -40 || py < -40 || px > width + 40 || py > height + 40) continue; // no disc reaches so far
      const phase = Math.floor((x - px) * PHASES) * PHASES + Math.floor((y - py) * PHASES);
      blend(sheet, discs[phase], px, py, inks.colors[inks.inkOf[i]]);
    }
  };
  const alpha = n > 3000 ? 0.72 : 0.85;
  if (lit === null || !labels) draw((label) => !hidden.has(label), alpha);
  else {
    draw((label) => !hidden.has(label) && label !== lit, 0.12 * alpha);
    draw((label) => label === lit, alpha);
  }
  context.putImageData(image, 0, 0);
}

/** Lays a colour over the pixels of a disc around (left, top); those beyond the image are left out. */
function blend({ pixels, width, height }, disc, left, top, color) {
  const [r, g, b] = color;
  for (let k = 0; k < disc.length; k += 3) {
    const x = left + disc[k];
    const y = top + disc[k + 1];
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    const at = 4 * (y * width + x);
    const share = disc[k + 2];
    pixels[at] += ((r - pixels[at]) * share) >> 8;
    pixels[at + 1] += ((g - pixels[at + 1]) * share) >> 8;
    pixels[at + 2] += ((b - pixels[at + 2]) * share) >> 8;
  }
}

/** A disc at each place between pixels: dx, dy and opacity (1 to 256) of its pixels, one after the other. */
function discsOf(radius, alpha) {
  const reach = Math.ceil(radius) + 1;
  const offsets = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  return Array.from({ length: PHASES ** 2 }, (_, phase) => {
    const cx = (Math.floor(phase / PHASES) + 0.5) / PHASES - 0.5;
    const cy = ((phase % PHASES) + 0.5) / PHASES - 0.5;
    const cover = (dx, dy) => Math.min(Math.max(radius + 0.5 - Math.hypot(dx - cx, dy - cy), 0), 1);
    const opacity = (dx, dy) => Math.round(256 * alpha * cover(dx, dy));
    const pixels = offsets.flatMap((dy) => offsets.map((dx) => [dx, dy, opacity(dx, dy)]));
    return Int16Array.from(pixels.filter(([, , share]) => share > 0).flat());
  });
}

/** The upper layer: named marks, and the pin. What is out of the window points to where it is. */
export function paintOver(canvas, plane, { marks, pin, theme }) {
  const context = begin(canvas, plane);
  const taken = []; // where arrows stand already
  const arrow = (place, name, colours) => paintArrow(context, plane, place, name, colours, taken);
  for (const [name, x, y] of marks) {
    if (plane.holds([x, y])) paintMark(context, plane.toScreen([x, y]), name, theme);
    else arrow([x, y], name, theme);
  }
  if (!pin) return;
  if (plane.holds(pin)) paintPin(context, plane.toScreen(pin), theme);
  else arrow(pin, "◎", { ...theme, text: theme.accent });
}

/** A label with a tip that ends at (px, py), and a dot there. */
function paintMark(context, [px, py], name, theme) {
  const width = labelWidth(context, name, theme);
  context.beginPath();
  context.roundRect(px - width / 2, py - 27, width, 18, 5);
  context.moveTo(px - 4, py - 9.5);
  context.lineTo(px, py - 4);
  context.lineTo(px + 4, py - 9.5);
  context.moveTo(px + 3, py);
  context.arc(px, py, 3, 0, 2 * Math.PI);
  paintLabel(context, [px, py - 17.5], name, theme);
}

/** A label at the window's rim, with a tip towards a place that lies beyond it. */
function paintArrow(context, plane, place, name, theme, taken) {
  const width = labelWidth(context, name, theme);
  const reach = width / 2 + 12; // the label and its tip stay inside, whichever way it points
  let [px, py] = plane.nearestTo(place, reach);
  if (py < 116) px = Math.min(px, plane.width - 48 - reach); // the buttons lie there
  const aside = py < plane.height / 2 ? 24 : -24;
  while (taken.some(([x, y]) => Math.abs(x - px) < 40 && Math.abs(y - py) < 24)) py += aside;
  taken.push([px, py]);
  const [x, y] = plane.toScreen(place);
  const far = Math.hypot(x - px, y - py);
  const [dx, dy] = [(x - px) / far, (y - py) / far];
  const out = Math.min(width / 2 / Math.abs(dx), 9 / Math.abs(dy)); // from its middle to its rim
  const corner = (along, aside) => [px + dx * along - dy * aside, py + dy * along + dx * aside];
  context.beginPath();
  context.roundRect(px - width / 2, py - 9, width, 18, 5);
  context.moveTo(...corner(out + 1.5, -5));
  context.lineTo(...corner(out + 8, 0));
  context.lineTo(...corner(out + 1.5, 5));
  context.closePath();
  paintLabel(context, [px, py], name, theme);
}

function labelWidth(context, name, theme) {
  context.font = `600 11px ${theme.font}`;
  return Math.max(context.measureText(name).width + 10, 18);
}

/** Fills the path that was begun and writes the name over it. */
function paintLabel(context, [x, y], name, theme) {
  context.lineWidth = 3;
  context.strokeStyle = theme.paper;
  context.stroke();
  context.fillStyle = theme.text;
  context.fill();
  context.fillStyle = theme.paper;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(name, x, y);
}

function paintPin(context, [px, py], theme) {
  const ring = (radius, width, color) => {
    context.beginPath();
    context.arc(px, py, radius, 0, 2 * Math.PI);
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  };
  ring(9, 7, theme.paper);
  ring(9, 3.5, theme.accent);
  context.beginPath();
  context.arc(px, py, 3.5, 0, 2 * Math.PI);
  context.fillStyle = theme.paper;
  context.fill();
  context.beginPath();
  context.arc(px, py, 2, 0, 2 * Math.PI);
  context.fillStyle = theme.accent;
  context.fill();
}

/** 0..n-1 in an order that looks random and is always the same. */
export function shuffled(n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let seed = 1;
  for (let i = n - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((seed / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

const rgb = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

function between(stops, t) {
  const at = Math.min(Math.floor(t * (stops.length - 1)), stops.length - 2);
  const [low, high, share] = [rgb(stops[at]), rgb(stops[at + 1]), t * (stops.length - 1) - at];
  return low.map((v, i) => Math.round(v + (high[i] - v) * share));
}

function isDark(color) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128;
}
