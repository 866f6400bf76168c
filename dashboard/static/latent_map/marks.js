/** Named places and the pin. What is out of the window points to where it is. */

/** `marks` are [name, x, y]; `pin` is [x, y] or null. */
export function paintMarks(context, plane, { marks, pin, theme }) {
  const taken = []; // where arrows stand already
  const arrow = (place, name, colours) => paintArrow(context, plane, place, name, colours, taken);
  for (const [name, x, y] of marks) {
    if (plane.holds([x, y])) paintMark(context, plane.toScreen([x, y]), name, theme);
    else arrow([x, y], name, theme);
  }
  if (!pin) return;
  if (plane.holds(pin)) paintPin(context, plane.toScreen(pin), theme);
  else arrow(pin, "◎", { ...theme, text: theme.accent });
}

/** A label with a tip that ends at (px, py), and a dot there. */
function paintMark(context, [px, py], name, theme) {
  const width = labelWidth(context, name, theme);
  context.beginPath();
  context.roundRect(px - width / 2, py - 27, width, 18, 5);
  context.moveTo(px - 4, py - 9.5);
  context.lineTo(px, py - 4);
  context.lineTo(px + 4, py - 9.5);
  context.moveTo(px + 3, py);
  context.arc(px, py, 3, 0, 2 * Math.PI);
  paintLabel(context, [px, py - 17.5], name, theme);
}

/** A label at the window's rim, with a tip towards a place that lies beyond it. */
function paintArrow(context, plane, place, name, theme, taken) {
  const width = labelWidth(context, name, theme);
  const reach = width / 2 + 12; // the label and its tip stay inside, whichever way it points
  let [px, py] = plane.nearestTo(place, reach);
  if (py < 196) px = Math.min(px, plane.width - 48 - reach); // the buttons lie there
  const aside = py < plane.height / 2 ? 24 : -24;
  while (taken.some(([x, y]) => Math.abs(x - px) < 40 && Math.abs(y - py) < 24)) py += aside;
  taken.push([px, py]);
  const [x, y] = plane.toScreen(place);
  const far = Math.hypot(x - px, y - py);
  const [dx, dy] = [(x - px) / far, (y - py) / far];
  const out = Math.min(width / 2 / Math.abs(dx), 9 / Math.abs(dy)); // from its middle to its rim
  const corner = (along, aside) => [px + dx * along - dy * aside, py + dy * along + dx * aside];
  context.beginPath();
  context.roundRect(px - width / 2, py - 9, width, 18, 5);
  context.moveTo(...corner(out + 1.5, -5));
  context.lineTo(...corner(out + 8, 0));
  context.lineTo(...corner(out + 1.5, 5));
  context.closePath();
  paintLabel(context, [px, py], name, theme);
}

function labelWidth(context, name, theme) {
  context.font = `600 11px ${theme.font}`;
  return Math.max(context.measureText(name).width + 10, 18);
}

/** Fills the path that was begun and writes the name over it. */
function paintLabel(context, [x, y], name, theme) {
  context.lineWidth = 3;
  context.strokeStyle = theme.paper;
  context.stroke();
  context.fillStyle = theme.text;
  context.fill();
  context.fillStyle = theme.paper;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(name, x, y);
}

function paintPin(context, [px, py], theme) {
  const ring = (radius, width, color) => {
    context.beginPath();
    context.arc(px, py, radius, 0, 2 * Math.PI);
    context.lineWidth = width;
    context.strokeStyle = color;
    context.stroke();
  };
  ring(9, 7, theme.paper);
  ring(9, 3.5, theme.accent);
  context.beginPath();
  context.arc(px, py, 3.5, 0, 2 * Math.PI);
  context.fillStyle = theme.paper;
  context.fill();
  context.beginPath();
  context.arc(px, py, 2, 0, 2 * Math.PI);
  context.fillStyle = theme.accent;
  context.fill();
}
