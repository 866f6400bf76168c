/** How it looks: colours, and the two layers of the map. Nothing here changes what the map is or listens to anything. */
const MAGMA = "#1c1044 #4f127b #812581 #b5367a #e55964 #fb8761 #fec287 #fcfdbf".split(" ");
const LEVELS = 64; // colours that a ramp is drawn with
const NEUTRAL = "#8b93a1";

/** The colours and the font that Streamlit's theme gives to `element`. */
export function themeOf(element) {
  const style = getComputedStyle(element);
  const token = (name) => style.getPropertyValue(`--st-${name}`).trim();
  const paper = token("background-color");
  return { paper, text: token("text-color"), accent: token("primary-color"), font: style.fontFamily, dark: isDark(paper) };
}

/** A ramp that starts near the paper and ends far from it, so that a high value stands out in both themes. */
export function rampOf(theme) {
  const stops = theme.dark ? MAGMA.slice(1) : MAGMA.slice(0, -1).reverse();
  return Array.from({ length: LEVELS }, (_, i) => between(stops, i / (LEVELS - 1)));
}

/** One colour per value level, else per class, else one for all; and for each point which of them is its own. */
export function inksOf({ n, values, labels, classes, palette }, theme) {
  if (values) return { colors: rampOf(theme), inkOf: values.map((v) => (v * LEVELS) >> 8) };
  if (labels) return { colors: classes.map((_, i) => palette[i % palette.length]), inkOf: labels };
  return { colors: [NEUTRAL], inkOf: new Uint8Array(n) };
}

/** The lower layer: picture, grid and points. `hidden` is a Set of classes, `lit` the one class to stress or null. */
export function paintBase(canvas, plane, { data, inks, order, theme, bitmap, hidden, lit }) {
  const context = begin(canvas, plane);
  if (bitmap) paintPicture(context, plane, bitmap, data.background_extent);
  paintGrid(context, plane, theme, Boolean(bitmap));
  paintPoints(context, plane, canvas.width / plane.width, { data, inks, order, hidden, lit });
  paintTicks(context, plane, theme);
}

function begin(canvas, plane) {
  const context = canvas.getContext("2d");
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
  const within = (low, high) =>
    Array.from({ length: Math.floor(high / step) - Math.ceil(low / step) + 1 }, (_, i) => (Math.ceil(low / step) + i) * step);
  return { xs: within(x0, x1), ys: within(y0, y1) };
}

function paintGrid(context, plane, theme, onPicture) {
  const { xs, ys } = gridLines(plane);
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  const line = (value, ...path) => {
    context.globalAlpha = (value === 0 ? 0.2 : 0.07) * (onPicture ? 0.5 : 1);
    context.beginPath();
    context.moveTo(path[0], path[1]);
    context.lineTo(path[2], path[3]);
    context.stroke();
  };
  const crisp = (v) => Math.round(v) + 0.5;
  for (const x of xs) line(x, crisp(plane.toScreen([x, 0])[0]), 0, crisp(plane.toScreen([x, 0])[0]), plane.height);
  for (const y of ys) line(y, 0, crisp(plane.toScreen([0, y])[1]), plane.width, crisp(plane.toScreen([0, y])[1]));
  context.globalAlpha = 1;
}

function paintTicks(context, plane, theme) {
  const { xs, ys } = gridLines(plane);
  context.font = `11px ${theme.font}`;
  context.lineWidth = 3;
  context.lineJoin = "round";
  const write = (value, x, y) => {
    const text = value.toFixed(plane.decimals).replace(/^-/, "−");
    context.globalAlpha = 0.8;
    context.strokeStyle = theme.paper;
    context.strokeText(text, x, y);
    context.globalAlpha = 0.6;
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
 * Copies one small disc per point, at whole device pixels: ten thousand in a few milliseconds even without a GPU.
 * `order` is a fixed shuffle, so that no class lies over another.
 */
function paintPoints(context, plane, density, { data, inks, order, hidden, lit }) {
  const { xy, labels, n } = data;
  const crowd = Math.sqrt((plane.width * plane.height) / Math.max(n, 1)); // mean distance if they were spread evenly
  const radius = Math.min(Math.max(0.27 * crowd, 1.3), 4) * Math.min(Math.max(plane.view.zoom, 1) ** 0.35, 3);
  const { sheet, cell } = discs(inks.colors, radius * density, n > 3000 ? 0.72 : 0.85);
  const [{ x, y }, scale] = [plane.view, plane.scale * density];
  const [left, top] = [(plane.width * density) / 2 - x * scale - cell / 2, (plane.height * density) / 2 + y * scale - cell / 2];
  const [right, bottom] = [plane.width * density, plane.height * density];
  const draw = (wanted) => {
    for (let k = 0; k < n; k++) {
      const i = order[k];
      if (labels && !wanted(labels[i])) continue;
      const px = Math.round(left + xy[2 * i] * scale);
      const py = Math.round(top - xy[2 * i + 1] * scale);
      if (px < -cell || py < -cell || px > right || py > bottom) continue;
      context.drawImage(sheet, inks.inkOf[i] * cell, 0, cell, cell, px, py, cell, cell);
    }
  };
  context.save();
  context.resetTransform();
  if (lit === null || !labels) draw((label) => !hidden.has(label));
  else {
    context.globalAlpha = 0.12;
    draw((label) => !hidden.has(label) && label !== lit);
    context.globalAlpha = 1;
    draw((label) => label === lit);
  }
  context.restore();
}

/** A row of discs, one for each colour. */
function discs(colors, radius, alpha) {
  const cell = Math.ceil(2 * radius) + 2;
  const sheet = new OffscreenCanvas(cell * colors.length, cell);
  const context = sheet.getContext("2d");
  context.globalAlpha = alpha;
  colors.forEach((color, i) => {
    context.fillStyle = color;
    context.beginPath();
    context.arc((i + 0.5) * cell, cell / 2, radius, 0, 2 * Math.PI);
    context.fill();
  });
  return { sheet, cell };
}

/** The upper layer: named marks, and the pin. */
export function paintOver(canvas, plane, { marks, pin, theme }) {
  const context = begin(canvas, plane);
  for (const [name, x, y] of marks) paintMark(context, plane.toScreen([x, y]), name, theme);
  if (pin) paintPin(context, plane.toScreen(pin), theme);
}

function paintMark(context, [px, py], name, theme) {
  context.font = `600 11px ${theme.font}`;
  const width = Math.max(context.measureText(name).width + 10, 18);
  const box = () => {
    context.beginPath();
    context.roundRect(px - width / 2, py - 27, width, 18, 5);
    context.moveTo(px - 4, py - 9.5);
    context.lineTo(px, py - 4);
    context.lineTo(px + 4, py - 9.5);
    context.moveTo(px + 3, py);
    context.arc(px, py, 3, 0, 2 * Math.PI);
  };
  box();
  context.lineWidth = 3;
  context.strokeStyle = theme.paper;
  context.stroke();
  context.fillStyle = theme.text;
  context.fill();
  context.fillStyle = theme.paper;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(name, px, py - 17.5);
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
  return `rgb(${low.map((v, i) => Math.round(v + (high[i] - v) * share)).join(" ")})`;
}

function isDark(color) {
  const context = new OffscreenCanvas(1, 1).getContext("2d");
  context.fillStyle = color;
  context.fillRect(0, 0, 1, 1);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b < 128;
}
