/** Points that move from one map to the next. */
const LEVELS = 65535;
const SPAN = 3; // the window is the middle one of three, over which points have places
const share = (level) => (SPAN * level) / LEVELS - (SPAN - 1) / 2;

/** A map's bytes, uint16 x, y, x, y, ..., as numbers. */
export const read = (bytes) => Float32Array.from(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2));

/** Between two maps: `part` of the way from the first to the second, into `now`. */
export function between(now, from, to, part) {
  for (let i = 0; i < now.length; i++) now[i] = from[i] + part * (to[i] - from[i]);
}

/** Draws points (Float32Array of levels) in the colours of their classes; `side` in CSS pixels, y upwards. */
export function paintPoints(canvas, side, points, { labels, inks }) {
  const density = canvas.width / side;
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, side, side);
  const dot = Math.max(2, Math.min(4, (side / 100) * Math.min(1, 25 / Math.sqrt(points.length / 2))));
  context.globalAlpha = 0.82;
  for (const [ink, rows] of rowsOf(points.length / 2, labels, inks)) {
    context.fillStyle = ink;
    for (const i of rows)
      context.fillRect(share(points[2 * i]) * side - dot / 2, (1 - share(points[2 * i + 1])) * side - dot / 2, dot, dot);
  }
}

/** Which points have which colour, in a few rounds each, so that no class lies above all others. */
const ROUNDS = 8;
const sorted = new WeakMap();
function rowsOf(count, labels, inks) {
  const key = labels ?? inks;
  const known = sorted.get(key);
  if (known && known.count === count) return known.rows;
  const rows = [];
  for (let round = 0; round < ROUNDS; round++)
    inks.forEach((ink, of) => {
      const mine = [];
      for (let i = round; i < count; i += ROUNDS) if (!labels || labels[i] === of) mine.push(i);
      rows.push([ink, mine]);
    });
  sorted.set(key, { count, rows });
  return rows;
}
