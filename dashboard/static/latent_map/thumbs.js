/**
 * Which points are shown as pictures: as many as fit without overlap, and the same ones wherever the window is. They are chosen once for each
 * half octave of zoom, over all points; whoever has a picture at one keeps it at all nearer ones.
 */
const SIDE = 38; // CSS pixels of a picture at least; 1.41 times as much at most
const STEP = Math.SQRT2; // from one level of zoom to the next
const CROWD = 16; // points where one picture lies, at the most: from farther away dots say more
const GAP = 0.94; // of the place that a picture has is the picture

export class Thumbs {
  levels = new Map(); // level -> numbers of the points that have a picture

  /** `shown(i)`: whether a point is drawn at all. */
  constructor(grid, n, shown) {
    Object.assign(this, { grid, shown });
    let squares = 0; // the mean number of points in the cell of a point
    for (let c = 0; c + 1 < grid.starts.length; c++) squares += (grid.starts[c + 1] - grid.starts[c]) ** 2;
    const side = Math.sqrt((CROWD * n) / Math.max(squares, 1)) * grid.cell; // of the place that CROWD points take
    this.first = Math.ceil(Math.log(SIDE / side) / Math.log(STEP)); // level: pixels in a map unit are STEP ** level or more
  }

  /** The size of a picture in CSS pixels, and the points within the window that have one; null where it is too crowded. */
  at(plane) {
    const level = Math.floor(Math.log(plane.scale) / Math.log(STEP));
    if (level < this.first) return null;
    const size = (SIDE * plane.scale) / STEP ** level;
    const reach = size / plane.scale;
    const [[x0, y1], [x1, y0]] = [plane.toMap([0, 0]), plane.toMap([plane.width, plane.height])];
    const { xy } = this.grid;
    const within = (i) => xy[2 * i] > x0 - reach && xy[2 * i] < x1 + reach && xy[2 * i + 1] > y0 - reach && xy[2 * i + 1] < y1 + reach;
    return { size: GAP * size, numbers: this.chosen(Math.min(level, this.first + 14)).filter(within) };
  }

  /** Greedily: first those of the level before, then all others that keep a picture's distance from those that are in already. */
  chosen(level) {
    if (level < this.first) return [];
    if (this.levels.has(level)) return this.levels.get(level);
    const { order, xy } = this.grid;
    const apart = SIDE / STEP ** level;
    const taken = new Map(); // cell of that size -> the point in it
    const numbers = [];
    const consider = (i) => {
      if (!this.shown(i)) return;
      const [column, row] = [Math.floor(xy[2 * i] / apart), Math.floor(xy[2 * i + 1] / apart)];
      for (let dy = -1; dy <= 1; dy++) {
        for (let dx = -1; dx <= 1; dx++) {
          const other = taken.get((column + dx) * 16777259 + row + dy);
          if (other !== undefined && Math.abs(xy[2 * other] - xy[2 * i]) < apart && Math.abs(xy[2 * other + 1] - xy[2 * i + 1]) < apart) return;
        }
      }
      taken.set(column * 16777259 + row, i);
      numbers.push(i);
    };
    this.chosen(level - 1).forEach(consider);
    order.forEach(consider);
    this.levels.set(level, numbers);
    return numbers;
  }
}
