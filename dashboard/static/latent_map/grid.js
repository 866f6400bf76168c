/** Which points lie where: an index of square cells, so that neither picking nor painting looks at all of them. */
const PER_CELL = 12; // points, if they were spread evenly

export class Grid {
  /** Over `n` points (x, y, x, y, ...), nearly all of which are in `extent`; the others are in the cells at its rim. `order` holds their numbers cell by cell, in each as shuffled, so that no class lies over another. */
  constructor(xy, n, [x0, y0, x1, y1]) {
    this.xy = xy;
    const side = Math.max(1, Math.round(Math.sqrt(n / PER_CELL)));
    this.cell = Math.max((x1 - x0) / side, (y1 - y0) / side) || 1;
    Object.assign(this, { x0, y0, columns: Math.floor((x1 - x0) / this.cell) + 1, rows: Math.floor((y1 - y0) / this.cell) + 1 });
    const cellOf = new Uint32Array(n);
    this.starts = new Uint32Array(this.columns * this.rows + 1);
    for (let i = 0; i < n; i++) {
      cellOf[i] = this.row(xy[2 * i + 1]) * this.columns + this.column(xy[2 * i]);
      this.starts[cellOf[i] + 1]++;
    }
    for (let c = 0; c < this.columns * this.rows; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice();
    this.order = new Uint32Array(n);
    for (const i of shuffled(n)) this.order[next[cellOf[i]]++] = i;
  }

  column(x) {
    return Math.min(Math.max(Math.floor((x - this.x0) / this.cell), 0), this.columns - 1);
  }

  row(y) {
    return Math.min(Math.max(Math.floor((y - this.y0) / this.cell), 0), this.rows - 1);
  }

  /** Calls `visit(from, to)` with stretches of `order` that hold all points of a rectangle of the map, and some around it. */
  stretches([x0, y0, x1, y1], visit) {
    const [left, right] = [this.column(x0), this.column(x1)];
    for (let row = this.row(y0); row <= this.row(y1); row++) {
      const at = row * this.columns;
      visit(this.starts[at + left], this.starts[at + right + 1]);
    }
  }

  /** The point nearest to (x, y) within `radius` that `admits(i)`, or -1. */
  nearest([x, y], radius, admits) {
    let [best, found] = [radius ** 2, -1];
    this.stretches([x - radius, y - radius, x + radius, y + radius], (from, to) => {
      for (let k = from; k < to; k++) {
        const i = this.order[k];
        const distance = (this.xy[2 * i] - x) ** 2 + (this.xy[2 * i + 1] - y) ** 2;
        if (distance < best && admits(i)) [best, found] = [distance, i];
      }
    });
    return found;
  }
}

/** 0..n-1 in an order that looks random and is always the same. */
function shuffled(n) {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let seed = 1;
  for (let i = n - 1; i > 0; i--) {
    seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
    const j = Math.floor((seed / 2 ** 32) * (i + 1));
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}
