/** What every layer begins with, and where the lines of the grid are. */

/** A cleared context with CSS pixels as its unit, on a canvas of `resolution` pixels for each. */
export function begin(canvas, plane, resolution, settings) {
  const size = [plane.width, plane.height].map((v) => Math.round(v * resolution));
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
  const context = canvas.getContext("2d", settings);
  context.setTransform(canvas.width / plane.width, 0, 0, canvas.height / plane.height, 0, 0);
  context.clearRect(0, 0, plane.width, plane.height);
  return context;
}

/** Where the lines of the grid are, in map units. */
export function gridLines(plane) {
  const step = plane.step();
  const [[x0, y1], [x1, y0]] = [plane.toMap([0, 0]), plane.toMap([plane.width, plane.height])];
  const within = (low, high) => {
    const first = Math.ceil(low / step);
    return Array.from({ length: Math.floor(high / step) - first + 1 }, (_, i) => (first + i) * step);
  };
  return { xs: within(x0, x1), ys: within(y0, y1) };
}
