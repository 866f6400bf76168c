/** The lowest layer: a picture, the density, the grid and the points. */
const { search } = new URL(import.meta.url);
const part = (name) => import(new URL(`${name}.js${search}`, import.meta.url));
const [{ begin, gridLines }, { paintPoints }, { paintDensity }] = await Promise.all(["canvas", "points", "density"].map(part));

/** Paints all of it at `resolution` pixels to a CSS pixel: less than the screen has is enough while a hand moves it. */
export function paintBase(canvas, plane, scene, resolution) {
  const { data, theme, bitmap, field } = scene;
  const context = begin(canvas, plane, resolution, { alpha: false, willReadFrequently: true });
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, plane.width, plane.height);
  if (bitmap) paintPicture(context, plane, bitmap, data.background_extent);
  paintGrid(context, plane, theme, Boolean(bitmap));
  if (field) paintDensity(context, plane, field, theme);
  paintPoints(context, plane, scene);
}

function paintPicture(context, plane, bitmap, [x0, y0, x1, y1]) {
  const [left, top] = plane.toScreen([x0, y1]);
  const [right, bottom] = plane.toScreen([x1, y0]);
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap, left, top, right - left, bottom - top);
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

