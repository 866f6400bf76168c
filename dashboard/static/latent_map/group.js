/** A group that is circled by hand: its outline as text, fewer corners, and who is inside. The Python side is selfsup_engine/exploring/selection.py. */
const CORNERS = 40;

/** "x_y~x_y~..." in map units as [[x, y], ...]. */
export const cornersOf = (text) => (text ? text.split("~").map((corner) => corner.split("_").map(Number)) : []);

/** The outline of a path [[x, y], ...] in map units as text: at most 40 corners, of four digits more than the window is wide. Empty if it holds nothing. */
export function outlineOf(path, width) {
  let corners = path;
  for (let tolerance = width / 400; corners.length > CORNERS || tolerance === width / 400; tolerance *= 1.4) corners = simplified(path, tolerance);
  const decimals = Math.min(Math.max(3 - Math.floor(Math.log10(width)), 0), 9);
  const short = (v) => String(Number(v.toFixed(decimals)));
  return corners.length < 3 ? "" : corners.map(([x, y]) => `${short(x)}_${short(y)}`).join("~");
}

/** Leaves out what is nearer than `tolerance` to the line between its neighbours (Douglas and Peucker, 1973). */
function simplified(path, tolerance) {
  if (path.length < 3) return path;
  const [[x0, y0], [x1, y1]] = [path[0], path.at(-1)];
  const length = Math.hypot(x1 - x0, y1 - y0);
  const far = ([x, y]) => (length ? Math.abs((x1 - x0) * (y0 - y) - (x0 - x) * (y1 - y0)) / length : Math.hypot(x - x0, y - y0));
  let [most, at] = [0, 0];
  for (let k = 1; k < path.length - 1; k++) if (far(path[k]) > most) [most, at] = [far(path[k]), k];
  if (most <= tolerance) return [path[0], path.at(-1)];
  return [...simplified(path.slice(0, at + 1), tolerance).slice(0, -1), ...simplified(path.slice(at), tolerance)];
}

/** Whether (x, y) is inside, by the even-odd rule. */
export function holds(corners, x, y) {
  let within = false;
  for (let k = 0, before = corners.length - 1; k < corners.length; before = k++) {
    const [[x0, y0], [x1, y1]] = [corners[before], corners[k]];
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) * (x1 - x0)) / (y1 - y0)) within = !within;
  }
  return within;
}
