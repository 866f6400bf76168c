/**
 * A square of pictures on which a place is pressed or dragged. `data`: { label, marks: [[name, x, y]], pin: [x, y] | null, stamp, turn }, all in
 * shares of the side from the upper left, and the picture. A place is told as `place`: [x, y, rest, turn], the newest when the page has answered
 * the one before; `rest` says that the hand let go.
 */
const { mounted, nextTurn, show } = await import(new URL(`blob.js${new URL(import.meta.url).search}`, import.meta.url));
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PATIENCE = 1500; // ms after which an answer is no longer waited for

class Pad {
  pending = 0;

  constructor(parent) {
    this.pad = parent.querySelector(".pad");
    [this.canvas, this.marks, this.pin] = this.pad.children;
    const on = (type, act) => this.pad.addEventListener(type, act.bind(this));
    on("pointerdown", this.press);
    on("pointermove", (event) => this.down && this.move(this.locate(event), false));
    on("pointerup", this.release);
    on("pointercancel", this.release);
    on("keydown", this.type);
  }

  update({ label, marks, pin, stamp, turn, parts }, { setStateValue }) {
    this.tell = setStateValue;
    this.pad.ariaLabel = `${label}. Press or drag to choose a place; arrow keys move it.`;
    show(this.canvas, parts[0]);
    this.marks.replaceChildren(...marks.map(([name, x, y]) => place(Object.assign(document.createElement("span"), { textContent: name }), [x, y])));
    if (stamp !== this.stamp && !this.down) this.at = pin;
    this.stamp = stamp;
    this.paint();
    if (turn >= this.pending) this.pending = 0;
    if (this.dirty) this.want();
  }

  locate(event) {
    const box = this.pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  }

  press(event) {
    this.down = true;
    this.pad.setPointerCapture(event.pointerId);
    this.move(this.locate(event), false);
  }

  release() {
    if (!this.down) return;
    this.down = false;
    this.send(true);
  }

  type(event) {
    const step = STEPS[event.key];
    if (!step) return;
    const [x, y] = this.at ?? [0.5, 0.5];
    this.move([x + step[0] * 0.03, y + step[1] * 0.03], true);
    event.preventDefault();
    event.stopPropagation();
  }

  move(at, rest) {
    this.at = at.map((v) => Math.min(Math.max(v, 0), 1));
    this.paint();
    this.dirty = true;
    if (rest) this.send(true);
    else this.want();
  }

  want() {
    if (!this.pending) this.send(false);
  }

  send(rest) {
    this.dirty = false;
    this.pending = nextTurn();
    this.tell("place", [...this.at.map((v) => Number(v.toFixed(3))), rest, this.pending]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => (this.pending = 0), PATIENCE);
  }

  paint() {
    this.pin.style.display = this.at ? "" : "none";
    if (this.at) place(this.pin, this.at);
  }

  destroy() {
    clearTimeout(this.timer);
  }
}

function place(element, [x, y]) {
  Object.assign(element.style, { left: `${100 * x}%`, top: `${100 * y}%` });
  return element;
}

export default mounted(Pad);
