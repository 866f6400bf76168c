/** How densely the points lie: counted in small cells, blurred, and drawn as bands with a line between each two. */
const SIDE = 160; // cells along the longer side
const BLUR = 2.2; // cells: the standard deviation
const BANDS = [0.04, 0.12, 0.26, 0.46, 0.72]; // shares of the densest place

/** The density of the points that `admits(i)`: { values, columns, rows, x0, y0, cell }, the largest value being 1. Few points outside the extent are left out. */
export function fieldOf({ xy, n }, [x0, y0, x1, y1], admits) {
  const cell = Math.max(x1 - x0, y1 - y0) / SIDE;
  const margin = Math.ceil(3 * BLUR);
  const [columns, rows] = [x1 - x0, y1 - y0].map((length) => Math.ceil(length / cell) + 2 * margin);
  const [left, bottom] = [x0 - margin * cell, y0 - margin * cell];
  const counts = new Float32Array(columns * rows);
  for (let i = 0; i < n; i++) {
    const [column, row] = [Math.floor((xy[2 * i] - left) / cell), Math.floor((xy[2 * i + 1] - bottom) / cell)];
    if (column >= 0 && row >= 0 && column < columns && row < rows && admits(i)) counts[row * columns + column]++;
  }
  const values = blurred(blurred(counts, columns, rows, 1, columns), rows, columns, columns, 1);
  const top = values.reduce((most, value) => Math.max(most, value), 0) || 1;
  return { values: values.map((value) => value / top), columns, rows, x0: left, y0: bottom, cell };
}

/** Blurs each of `lines` lines of `length` values that are `step` apart, the lines themselves being `stride` apart. */
function blurred(values, length, lines, step, stride) {
  const reach = Math.ceil(3 * BLUR);
  const weights = Array.from({ length: 2 * reach + 1 }, (_, k) => Math.exp(-0.5 * ((k - reach) / BLUR) ** 2));
  const out = new Float32Array(values.length);
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < length; i++) {
      const value = values[line * stride + i * step];
      if (!value) continue;
      for (let k = -reach; k <= reach; k++) if (i + k >= 0 && i + k < length) out[line * stride + (i + k) * step] += value * weights[k + reach];
    }
  }
  return out;
}

export function paintDensity(context, plane, field, theme) {
  field.image ??= imageOf(field, theme.glow);
  field.lines ??= BANDS.map((level) => contour(field, level));
  const { columns, rows, x0, y0, cell } = field;
  const [left, top] = plane.toScreen([x0, y0 + rows * cell]);
  context.imageSmoothingEnabled = true;
  context.drawImage(field.image, left, top, columns * cell * plane.scale, rows * cell * plane.scale);
  context.save();
  const [x, y] = plane.toScreen([x0, y0]);
  context.translate(x, y);
  context.scale(cell * plane.scale, -cell * plane.scale);
  context.lineWidth = 1.2 / (cell * plane.scale);
  context.strokeStyle = theme.accent;
  context.globalAlpha = 0.75;
  for (const line of field.lines) context.stroke(line);
  context.restore();
}

function imageOf({ values, columns, rows }, [r, g, b]) {
  const image = new ImageData(columns, rows);
  values.forEach((value, k) => {
    const at = 4 * ((rows - 1 - Math.floor(k / columns)) * columns + (k % columns));
    image.data.set([r, g, b, Math.round(255 * 0.6 * value ** 0.6)], at);
  });
  const canvas = new OffscreenCanvas(columns, rows);
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

/** The line along which the density is `level`, in cells: marching squares (Lorensen and Cline, 1987, in two dimensions). */
function contour({ values, columns, rows }, level) {
  const path = new Path2D();
  const at = (column, row) => values[row * columns + column];
  for (let row = 0; row + 1 < rows; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      // The corners in turn, each with the middle of its cell; the line crosses the sides whose ends lie on either side of it.
      const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
      const heights = corners.map(([x, y]) => at(x, y) - level);
      const ends = [];
      for (let k = 0; k < 4; k++) {
        const [a, b] = [heights[k], heights[(k + 1) % 4]];
        if (a < 0 === b < 0) continue;
        const share = a / (a - b);
        const [[x0, y0], [x1, y1]] = [corners[k], corners[(k + 1) % 4]];
        ends.push([x0 + share * (x1 - x0) + 0.5, y0 + share * (y1 - y0) + 0.5]);
      }
      for (let k = 0; k + 1 < ends.length; k += 2) {
        path.moveTo(...ends[k]);
        path.lineTo(...ends[k + 1]);
      }
    }
  }
  return path;
}
