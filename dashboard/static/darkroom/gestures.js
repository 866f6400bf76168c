/** Pointers on the stage become gestures: a pan, a pinch, a press that did not move, or what the hand makes of a drag. */
const SLACK = { mouse: 4, pen: 6, touch: 10 }; // px that a press may move

/**
 * Listens to `element`. `view` is panned and zoomed, and `looked()` told. `begin(at, event)` gives what a single pointer does: an object with
 * move(was, now, event), end() and cancel(), or null for a pan. `hover(at | null, event)` tells where the pointer is, also during a drag.
 */
export class Gestures {
  pointers = new Map(); // id -> [px, py] of each finger or button that is down
  current = null;
  space = false; // held: a drag pans, whatever the hand

  constructor(element, { view, looked, begin, hover }) {
    Object.assign(this, { element, view, looked, begin, hover });
    const on = (type, act) => element.addEventListener(type, act.bind(this), { passive: false });
    on("pointerdown", this.down);
    on("pointermove", this.move);
    on("pointerup", (event) => this.up(event, false));
    on("pointercancel", (event) => this.up(event, true));
    on("pointerleave", (event) => this.pointers.size || this.hover(null, event));
    on("mousedown", (event) => event.preventDefault()); // no text selection, no autoscroll
    element.parentElement.addEventListener("wheel", this.wheel.bind(this), { passive: false }); // over what lies on it, too
    on("keydown", (event) => event.key === " " && this.hold(true, event));
    on("keyup", (event) => event.key === " " && this.hold(false, event));
    on("blur", () => (this.space = false));
  }

  get busy() {
    return this.pointers.size > 0;
  }

  down(event) {
    const at = this.locate(event);
    this.pointers.set(event.pointerId, at);
    this.element.setPointerCapture(event.pointerId);
    this.element.focus({ preventScroll: true });
    if (this.pointers.size > 1) {
      this.current?.cancel(); // the second finger shows that a pinch was meant
      this.current = this.pan();
    } else {
      const pans = event.button === 1 || this.space;
      this.current = (!pans && this.begin(at, event)) || this.pan();
    }
    this.element.dataset.pans = this.current.pans ?? "";
  }

  move(event) {
    const at = this.locate(event);
    this.hover(at, event);
    if (!this.pointers.has(event.pointerId)) return;
    const was = grip(this.pointers);
    this.pointers.set(event.pointerId, at);
    this.current.move(was, grip(this.pointers), event);
  }

  up(event, lost) {
    if (!this.pointers.delete(event.pointerId) || this.pointers.size) return; // the last finger of a pinch goes on panning
    if (event.pointerType !== "mouse") this.hover(null, event);
    const { current } = this;
    this.current = null;
    delete this.element.dataset.pans;
    current.end(lost);
  }

  wheel(event) {
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.002));
    if (!this.view.canZoom(factor) && !event.ctrlKey) return; // no further: the page may scroll on
    event.preventDefault();
    this.view.zoomBy(factor, this.locate(event));
    this.looked();
  }

  hold(space, event) {
    this.space = space;
    event.preventDefault();
  }

  pan() {
    return {
      pans: true,
      move: (was, now) => {
        this.view.pan(now.at[0] - was.at[0], now.at[1] - was.at[1]);
        if (was.span) this.view.zoomBy(now.span / was.span, now.at);
        this.looked();
      },
      end() {},
      cancel() {},
    };
  }

  /** A press, for which `act(at)` is called, until it moves: then a pan. */
  press(start, { pointerType, button }, act) {
    const pan = this.pan();
    let moved = button !== 0;
    return {
      ...pan,
      move: (was, now) => {
        if (!moved && Math.hypot(now.at[0] - start[0], now.at[1] - start[1]) < SLACK[pointerType]) return;
        moved = true;
        pan.move(was, now);
      },
      end: (lost) => moved || lost || act(start),
    };
  }

  locate(event) {
    const box = this.element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }
}

/** The middle of all pointers, and how far the first two are apart (0 for one). */
function grip(pointers) {
  const [a, b = a] = [...pointers.values()];
  return { at: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], span: Math.hypot(a[0] - b[0], a[1] - b[1]) };
}
