/**
 * What hands and keys mean on a map. Press or drag chooses a place, empty ones included; in lasso mode it circles a group. Wheel or pinch zooms
 * about the pointer; shift-drag, middle-drag or two fingers pan; a double click shows everything and chooses nothing. One finger that starts on
 * the map does not scroll the page (touch-action: none); the map is never taller than wide, so a phone keeps room around it to scroll.
 */
const { clamp } = await import(new URL(`plane.js${new URL(import.meta.url).search}`, import.meta.url));
const PINCH_WAITS = 100; // ms after a finger's press in which it may become a pinch
const HOLD = 350; // ms after which a finger that rests asks what is there
const STILL = 8; // px that it may move meanwhile
const KEYS_REST = 400; // ms after the last key
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

export class Gestures {
  pointers = new Map(); // id -> [px, py] of each finger or button that is down
  kind = null; // "pin" | "pan" | "lasso"

  /** `host` has the plane and says what happens: place, settle, trace, circle, look, zoom, showAll, hover, leave and so on. */
  constructor(canvas, host, signal) {
    Object.assign(this, { canvas, host, plane: host.plane });
    const on = (type, act) => canvas.addEventListener(type, act.bind(this), { signal, passive: false });
    on("pointerdown", this.press);
    on("pointermove", this.move);
    on("pointerup", this.release);
    on("pointercancel", this.release);
    on("pointerleave", (event) => event.pointerType === "mouse" && this.host.leave());
    on("mousedown", (event) => event.preventDefault()); // no text selection, no autoscroll
    on("contextmenu", (event) => event.pointerType === "touch" && event.preventDefault()); // a finger that rests asks something else
    on("dblclick", this.doubleClick);
    on("wheel", this.wheel);
    on("keydown", this.type);
  }

  get busy() {
    return this.pointers.size > 0;
  }

  press(event) {
    const at = this.locate(event);
    this.pointers.set(event.pointerId, at);
    this.canvas.setPointerCapture(event.pointerId);
    this.canvas.focus({ preventScroll: true });
    this.host.stage.dataset.pressed = ""; // no focus ring for a hand, only for the keyboard
    this.host.leave();
    clearTimeout(this.holding);
    if (this.pointers.size > 1) {
      // The second finger shows that a pinch was meant, not a choice.
      if (this.kind === "pin" && this.before) this.host.place(this.before);
      if (this.kind === "lasso") this.host.untrace();
      this.kind = "pan";
    } else if (event.button === 1 || event.shiftKey) {
      this.kind = "pan";
    } else if (event.button === 0 && this.host.lassoing) {
      this.kind = "lasso";
      this.host.trace(this.plane.toMap(at), true);
    } else if (event.button === 0) {
      this.kind = "pin";
      const touch = event.pointerType === "touch";
      [this.beforeLast, this.before] = [this.before, this.host.memory.pin];
      this.host.place(this.plane.toMap(at), touch ? PINCH_WAITS : 0);
      this.began = touch ? at : null;
      if (touch) this.holding = setTimeout(() => this.host.hover(at, 0), HOLD);
    }
    this.host.stage.dataset.gesture = this.kind ?? "";
  }

  move(event) {
    const at = this.locate(event);
    if (!this.pointers.has(event.pointerId)) return void (event.pointerType === "mouse" && this.host.hover(at));
    const was = grip(this.pointers);
    this.pointers.set(event.pointerId, at);
    if (this.began && Math.hypot(at[0] - this.began[0], at[1] - this.began[1]) > STILL) {
      clearTimeout(this.holding);
      this.began = null;
      this.host.leave();
    }
    if (this.kind === "pin") {
      this.host.place(this.plane.toMap([clamp(at[0], 0, this.plane.width), clamp(at[1], 0, this.plane.height)]));
    } else if (this.kind === "lasso") {
      this.host.trace(this.plane.toMap(at));
    } else if (this.kind === "pan") {
      const now = grip(this.pointers);
      this.plane.pan(now.at[0] - was.at[0], now.at[1] - was.at[1]);
      if (was.span) this.plane.zoom(now.span / was.span, now.at);
      this.host.look();
    }
  }

  release(event) {
    this.pointers.delete(event.pointerId);
    clearTimeout(this.holding);
    if (this.pointers.size) return; // the last finger of a pinch goes on panning
    const kind = this.kind;
    this.kind = null;
    this.host.stage.dataset.gesture = "";
    if (kind === "pin") {
      this.host.settle();
      if (this.began) this.host.hover(this.began, 0); // a tap
    } else if (kind === "lasso") this.host.circle();
    this.began = null;
  }

  doubleClick() {
    if (this.beforeLast) this.host.place(this.beforeLast); // its first click was no choice
    this.host.settle();
    this.host.showAll();
  }

  wheel(event) {
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.002));
    if (!this.plane.canZoom(factor)) return; // no further: the page may scroll on
    event.preventDefault();
    this.host.zoom(factor, this.locate(event));
  }

  type(event) {
    delete this.host.stage.dataset.pressed;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
    if (key in ARROWS) {
      const step = (event.shiftKey ? 40 : 8) / this.plane.scale;
      const [x, y] = this.host.memory.pin ?? [this.plane.view.x, this.plane.view.y];
      const [dx, dy] = ARROWS[key];
      this.host.place([x + dx * step, y + dy * step]);
      this.host.settle(KEYS_REST); // a key that is held or pressed again is one move
      this.plane.reveal(this.host.memory.pin);
      this.host.look();
      this.host.hover(this.plane.toScreen(this.host.memory.pin), 0);
    } else if (key === "+" || key === "=") this.host.zoom(1.25, this.host.focus());
    else if (key === "-") this.host.zoom(0.8, this.host.focus());
    else if (key === "0") this.host.showAll();
    else if (key === "l") this.host.toggleLasso();
    else if (key === "d") this.host.toggleDensity();
    else if (key !== "Escape" || !this.host.escape()) return;
    event.preventDefault();
    event.stopPropagation(); // the page has shortcuts of its own
  }

  locate(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

/** The middle of all pointers, and how far the first two are apart (0 for one). */
function grip(pointers) {
  const [a, b = a] = [...pointers.values()];
  return { at: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], span: Math.hypot(a[0] - b[0], a[1] - b[1]) };
}
