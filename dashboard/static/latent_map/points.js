/**
 * The points: how they travel, how strongly each is drawn, and how. Many small discs are blended straight into pixels: several times faster than as
 * many calls of a canvas, with or without a GPU.
 */
const PHASES = 4; // places between two pixels, on each axis, where a disc can lie
const REACH = 48; // px around the window where a disc may still show

/** The radius of a dot in CSS pixels: smaller where there are many, larger from near. */
export function radiusOf(plane, n) {
  const crowd = Math.sqrt((plane.width * plane.height) / Math.max(n, 1)); // mean distance if they were spread evenly
  return Math.min(Math.max(0.27 * crowd, 1.4), 4) * Math.min(Math.max(plane.view.zoom, 1) ** 0.35, 2.2);
}

/**
 * Blends the points over what `context` shows, in the grid's order: near points are near in memory, too. `strengths` is null where all are drawn
 * alike, else an Uint8Array: 0 not at all, 1 faintly, 2 fully. Without a grid, as on their way, all of them are looked at. `paper` is [r, g, b] where
 * there is nothing below, so that nothing need be read.
 */
export function paintPoints(context, plane, { data: { xy, n }, inks, grid, order, strengths, field }, paper = null) {
  const { width, height } = context.canvas;
  const image = paper ? blank(context.canvas) : context.getImageData(0, 0, width, height);
  const pixels = new Uint32Array(image.data.buffer);
  if (paper) pixels.fill(packed(paper));
  const density = width / plane.width;
  const scale = plane.scale * density;
  const [left, top] = plane.toScreen([0, 0]).map((v) => v * density);
  const radius = radiusOf(plane, n) * density;
  const alpha = (n > 3000 ? 0.72 : 0.85) * (field ? 0.4 : 1);
  const colors = Uint32Array.from(inks.colors, packed);
  const { inkOf } = inks;
  const [[x0, y0], [x1, y1]] = [plane.toMap([-REACH, plane.height + REACH]), plane.toMap([plane.width + REACH, -REACH])];
  if (strengths?.includes(1)) draw(1, 0.12 * alpha);
  draw(2, alpha);
  context.putImageData(image, 0, 0);

  function draw(wanted, opacity) {
    const discs = discsOf(radius, opacity, width);
    if (grid) grid.stretches([x0, y0, x1, y1], (from, to) => stretch(discs, wanted, from, to));
    else stretch(discs, wanted, 0, n);
  }

  function stretch(discs, wanted, from, to) {
    const reach = discs.reach;
    for (let k = from; k < to; k++) {
      const i = order[k];
      if (strengths !== null && strengths[i] !== wanted) continue;
      const x = left + xy[2 * i] * scale;
      const y = top - xy[2 * i + 1] * scale;
      if (!(x > -REACH && y > -REACH && x < width + REACH && y < height + REACH)) continue;
      const px = Math.floor(x);
      const py = Math.floor(y);
      const disc = discs.at[Math.floor((x - px) * PHASES) * PHASES + Math.floor((y - py) * PHASES)];
      const color = colors[inkOf[i]];
      if (px >= reach && py >= reach && px < width - reach && py < height - reach) blend(pixels, disc, py * width + px, color);
      else blendAtRim(pixels, disc, px, py, color, width, height);
    }
  }
}

const packed = ([r, g, b]) => (0xff000000 | (b << 16) | (g << 8) | r) >>> 0;

const blanks = new WeakMap(); // canvas -> pixels of its size, used again at each frame

function blank(canvas) {
  const { width, height } = canvas;
  const kept = blanks.get(canvas);
  if (kept?.width === width && kept.height === height) return kept;
  blanks.set(canvas, new ImageData(width, height));
  return blanks.get(canvas);
}

/** Lays a colour over the pixels of a disc: red and blue in one product, green in another. */
function blend(pixels, { offsets, shares }, at, color) {
  const [redBlue, green] = [color & 0xff00ff, color & 0x00ff00];
  for (let k = 0; k < offsets.length; k++) {
    const there = at + offsets[k];
    const below = pixels[there];
    const share = shares[k];
    const rest = 256 - share;
    const rb = ((Math.imul(below & 0xff00ff, rest) + Math.imul(redBlue, share)) >>> 8) & 0xff00ff;
    const g = ((Math.imul(below & 0x00ff00, rest) + Math.imul(green, share)) >>> 8) & 0x00ff00;
    pixels[there] = 0xff000000 | rb | g;
  }
}

function blendAtRim(pixels, { offsets, shares, dx, dy }, px, py, color, width, height) {
  for (let k = 0; k < offsets.length; k++) {
    const [x, y] = [px + dx[k], py + dy[k]];
    if (x < 0 || y < 0 || x >= width || y >= height) continue;
    blend(pixels, { offsets: [0], shares: [shares[k]] }, y * width + x, color);
  }
}

/** A disc at each place between pixels: dx, dy, where that is from its middle in an image of `width`, and opacity (1 to 256) of its pixels. */
function discsOf(radius, alpha, width) {
  const reach = Math.ceil(radius) + 1;
  const steps = Array.from({ length: 2 * reach + 1 }, (_, i) => i - reach);
  const at = Array.from({ length: PHASES ** 2 }, (_, phase) => {
    const cx = (Math.floor(phase / PHASES) + 0.5) / PHASES - 0.5;
    const cy = ((phase % PHASES) + 0.5) / PHASES - 0.5;
    const cover = (dx, dy) => Math.min(Math.max(radius + 0.5 - Math.hypot(dx - cx, dy - cy), 0), 1);
    const all = steps.flatMap((dy) => steps.map((dx) => [dx, dy, Math.round(256 * alpha * cover(dx, dy))]));
    const seen = all.filter(([, , share]) => share > 0);
    return {
      dx: Int32Array.from(seen, ([dx]) => dx),
      dy: Int32Array.from(seen, ([, dy]) => dy),
      offsets: Int32Array.from(seen, ([dx, dy]) => dy * width + dx),
      shares: Int32Array.from(seen, ([, , share]) => share),
    };
  });
  return { reach, at };
}

/** Names the arrays of a message of Python's `pack`: xy, labels, values, alight, picture, each null where it is not there, and the points' numbers. */
export function unpack(data) {
  const [xy, labels, values, alight, picture] = data.parts;
  Object.assign(data, { xy: new Float32Array(xy.buffer), labels: data.labelled ? labels : null, values: data.value_range && values });
  Object.assign(data, { alight: data.lit ? alight : null, picture: data.background && picture, numbers: numbersOf(data) });
  delete data.parts;
}

/** What each point is called: the numbers from 0, without those of points that have no place. */
function numbersOf({ n, gaps }) {
  const left = new Set(gaps);
  const numbers = new Uint32Array(n);
  for (let number = 0, i = 0; i < n; number++) if (!left.has(number)) numbers[i++] = number;
  return numbers;
}

/** Those of paintPoints: `shown(i)` says which are drawn at all, `bright(i)` which fully; null says all. */
export function strengthsOf(n, { shown, bright }) {
  if (!shown && !bright) return null;
  const strengths = new Uint8Array(n);
  for (let i = 0; i < n; i++) strengths[i] = shown && !shown(i) ? 0 : bright && !bright(i) ? 1 : 2;
  return strengths;
}
