/** The curve of a run along its steps, which is the slider: where things are on it, and how it looks. Nothing here listens. */
const FIRST = 16; // steps in the first unit of the axis: each doubling has the same width, and 0 has a place
const RIM = { left: 44, right: 16, top: 12, bottom: 24 };
const along = (step) => Math.log2(1 + step / FIRST);
const short = (v) => (v >= 1e6 ? `${v / 1e6}M` : v >= 1000 ? `${Math.round(v / 1000)}k` : `${v}`);

export class Axis {
  constructor(width, height, last) {
    Object.assign(this, { width, height, last: Math.max(last, 1) });
  }

  x(step) {
    return RIM.left + (along(step) / along(this.last)) * (this.width - RIM.left - RIM.right);
  }

  get foot() {
    return this.height - RIM.bottom;
  }

  /** The index of the step that is nearest to a place on the screen. */
  nearest(px, steps) {
    let best = 0;
    steps.forEach((step, i) => {
      if (Math.abs(this.x(step) - px) <= Math.abs(this.x(steps[best]) - px)) best = i;
    });
    return best;
  }
}

/** Draws it all: `steps` are the ticks, `at` where the cursor is, a step that may lie between two. */
export function paintCurve(canvas, axis, { curve, steps, at, theme }) {
  const density = canvas.width / axis.width;
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, axis.width, axis.height);
  context.font = `11px ${theme.font}`;
  const values = [...curve.train, ...curve.held_out].map(([, value]) => value).filter((value) => value > 0);
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  const span = high - low || 1;
  const y = (value) => axis.foot - 10 - ((Math.log(value) - low) / span) * (axis.foot - 10 - RIM.top);
  const muted = (strength) => {
    context.globalAlpha = strength;
    context.fillStyle = context.strokeStyle = theme.text;
  };

  muted(0.62);
  context.textAlign = "center";
  let free = -Infinity;
  for (const step of [0, ...Array.from({ length: 17 }, (_, i) => FIRST * 4 ** i)].filter((step) => step <= axis.last)) {
    const px = axis.x(step);
    if (px < free) continue;
    context.fillText(short(step), px, axis.height - 7);
    free = px + 40;
  }
  context.textAlign = "right";
  if (values.length) {
    let above = Infinity;
    for (const value of ticks(Math.exp(low), Math.exp(high))) {
      const py = y(value);
      if (above - py < 20) continue;
      above = py;
      muted(0.62);
      context.fillText(String(value), RIM.left - 8, py + 4);
      muted(0.09);
      line(context, [[RIM.left, py], [axis.width - RIM.right, py]]);
    }
  }
  context.globalAlpha = 1;
  context.lineWidth = 1.8;
  context.lineJoin = "round";
  for (const [points, ink] of [[curve.train, theme.accent], [curve.held_out, theme.second]]) {
    context.strokeStyle = ink;
    line(context, points.filter(([step, value]) => value > 0 && step <= axis.last).map(([step, value]) => [axis.x(step), y(value)]));
  }
  muted(0.22);
  context.lineWidth = 1;
  line(context, [[RIM.left, axis.foot], [axis.width - RIM.right, axis.foot]]);
  muted(0.75);
  for (const step of steps) line(context, [[axis.x(step), axis.foot - 4], [axis.x(step), axis.foot + 4]]);

  const px = axis.x(at);
  context.globalAlpha = 1;
  context.strokeStyle = context.fillStyle = theme.accent;
  context.lineWidth = 2;
  line(context, [[px, 4], [px, axis.foot]]);
  context.beginPath();
  context.arc(px, axis.foot, 7, 0, 2 * Math.PI);
  context.fill();
  context.strokeStyle = theme.paper;
  context.stroke();
}

/** Round numbers, a few to each power of ten. */
function ticks(low, high) {
  const found = [];
  const steps = high > 30 * low ? [1, 3] : [1, 2, 5];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const step of steps) {
      const value = Number((step * 10 ** power).toPrecision(2));
      if (value >= low && value <= high) found.push(value);
    }
  return found;
}

function line(context, points) {
  context.beginPath();
  points.forEach(([px, py], i) => (i ? context.lineTo(px, py) : context.moveTo(px, py)));
  context.stroke();
}
