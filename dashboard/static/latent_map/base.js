/** The lowest layer: a picture, the density and the points. */
const { search } = new URL(import.meta.url);
const part = (name) => import(new URL(`${name}.js${search}`, import.meta.url));
const [{ begin }, { paintPoints }, { paintDensity }] = await Promise.all(["canvas", "points", "density"].map(part));

/** Paints all of it at `resolution` pixels to a CSS pixel: less than the screen has is enough while a hand moves it. */
export function paintBase(canvas, plane, scene, resolution) {
  const { data, theme, bitmap, field } = scene;
  const context = begin(canvas, plane, resolution, { alpha: false, willReadFrequently: true });
  if (!bitmap && !field) return paintPoints(context, plane, scene, theme.ground);
  context.fillStyle = theme.paper;
  context.fillRect(0, 0, plane.width, plane.height);
  if (bitmap) paintPicture(context, plane, bitmap, data.background_extent);
  if (field) paintDensity(context, plane, field, theme);
  paintPoints(context, plane, scene);
}

function paintPicture(context, plane, bitmap, [x0, y0, x1, y1]) {
  const [left, top] = plane.toScreen([x0, y1]);
  const [right, bottom] = plane.toScreen([x1, y0]);
  context.imageSmoothingEnabled = false;
  context.drawImage(bitmap, left, top, right - left, bottom - top);
}
