/** What lies over the points and moves with them: the lines of the grid with their numbers, and pictures in place of dots. */
const { search } = new URL(import.meta.url);
const { begin, gridLines } = await import(new URL(`canvas.js${search}`, import.meta.url));

/** `thumbs` is what Thumbs.at gives; `pictureOf(i)` a picture or undefined; `colourOf(i)` what frames it; `strengths` as in points.js. */
export function paintFront(canvas, plane, scene, resolution) {
  const context = begin(canvas, plane, resolution);
  paintGrid(context, plane, scene.theme, Boolean(scene.bitmap));
  if (scene.thumbs) paintThumbs(context, plane, scene);
  paintTicks(context, plane, scene.theme);
}

function paintThumbs(context, plane, { thumbs: { size, numbers }, data, pictureOf, colourOf, strengths }) {
  context.imageSmoothingEnabled = false;
  const frame = 2;
  for (const i of numbers) {
    const picture = pictureOf(i);
    if (!picture) continue;
    const [px, py] = plane.toScreen([data.xy[2 * i], data.xy[2 * i + 1]]);
    context.globalAlpha = strengths?.[i] === 1 ? 0.2 : 1;
    context.fillStyle = colourOf(i);
    context.fillRect(px - size / 2, py - size / 2, size, size);
    const inner = size - 2 * frame;
    context.drawImage(picture.sheet, picture.x, picture.y, picture.side, picture.side, px - inner / 2, py - inner / 2, inner, inner);
  }
  context.globalAlpha = 1;
}

function paintGrid(context, plane, theme, onPicture) {
  const { xs, ys } = gridLines(plane);
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  const line = (value, x0, y0, x1, y1) => {
    context.globalAlpha = (value === 0 ? 0.17 : 0.07) * (onPicture ? 0.5 : 1);
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

function paintTicks(context, plane, theme) {
  const { xs, ys } = gridLines(plane);
  context.font = `11px ${theme.font}`;
  context.lineWidth = 3;
  context.lineJoin = "round";
  const write = (value, x, y) => {
    const text = value.toFixed(plane.decimals).replace(/^-/, "−");
    context.globalAlpha = 0.9;
    context.strokeStyle = theme.paper;
    context.strokeText(text, x, y);
    context.globalAlpha = 0.65;
    context.fillStyle = theme.text;
    context.fillText(text, x, y);
  };
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  for (const x of xs) {
    const px = plane.toScreen([x, 0])[0];
    if (px > 40 && px < plane.width - 20) write(x, px, plane.height - 7);
  }
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const y of ys) {
    const py = plane.toScreen([0, y])[1];
    if (py > 14 && py < plane.height - 24) write(y, 7, py);
  }
  context.globalAlpha = 1;
}
