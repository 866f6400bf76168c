/** The uppermost layer: the ring about what is pointed at, the line that circles a group, named marks and the pin. */
const { search } = new URL(import.meta.url);
const part = (name) => import(new URL(`${name}.js${search}`, import.meta.url));
const [{ begin }, { paintMarks }] = await Promise.all(["canvas", "marks"].map(part));

/** `ringed` is a point's number or -1; `outline` are corners in map units, `drawing` says that a hand is still at it. */
export function paintOver(canvas, plane, scene, resolution) {
  const context = begin(canvas, plane, resolution);
  if (scene.outline.length) paintOutline(context, plane, scene);
  if (scene.ringed >= 0) paintRing(context, plane, scene);
  paintMarks(context, plane, scene);
}

function paintOutline(context, plane, { outline, drawing, theme }) {
  context.beginPath();
  for (const corner of outline) context.lineTo(...plane.toScreen(corner));
  if (!drawing) context.closePath();
  context.fillStyle = theme.accent;
  context.globalAlpha = 0.08;
  context.fill();
  context.globalAlpha = 1;
  context.lineJoin = "round";
  for (const [width, colour] of [[4, theme.paper], [2, theme.accent]]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }
}

function paintRing(context, plane, { ringed, data, theme, thumbs, pictureOf }) {
  const [px, py] = plane.toScreen([data.xy[2 * ringed], data.xy[2 * ringed + 1]]);
  const half = thumbs?.numbers.includes(ringed) && pictureOf(ringed) ? thumbs.size / 2 + 2 : 0;
  context.beginPath();
  if (half) context.roundRect(px - half, py - half, 2 * half, 2 * half, 3);
  else context.arc(px, py, 7, 0, 2 * Math.PI);
  for (const [width, colour] of [[5, theme.paper], [2.5, theme.text]]) {
    context.lineWidth = width;
    context.strokeStyle = colour;
    context.stroke();
  }
}
