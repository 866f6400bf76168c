/** The line between before and after, a slider: a share of the width of what is seen of the picture. */
const MIDDLE = 0.5;
const STEPS = { ArrowLeft: -0.02, ArrowDown: -0.02, ArrowRight: 0.02, ArrowUp: 0.02, PageDown: -0.1, PageUp: 0.1 };

export class Divider {
  /** `memory().share` is where it stands; `moved()` tells that it does not stand there any more. */
  constructor(element, { view, memory, moved }) {
    Object.assign(this, { element, view, memory, moved });
    element.onpointerdown = (event) => {
      element.setPointerCapture(event.pointerId);
      this.down = event.clientX - this.at();
    };
    element.onpointermove = (event) => {
      if (this.down === null) return;
      const [left, , width] = view.seen();
      this.put((event.clientX - this.down - left) / width);
    };
    element.onpointerup = element.onpointercancel = () => (this.down = null);
    element.ondblclick = () => this.put(MIDDLE);
    element.onkeydown = (event) => this.type(event);
  }

  down = null; // from the line to the pointer that drags it

  type(event) {
    if (event.key in STEPS) this.put(this.memory().share + STEPS[event.key] * (event.shiftKey ? 5 : 1));
    else if (event.key === "Home") this.put(0);
    else if (event.key === "End") this.put(1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  put(share) {
    this.memory().share = Math.min(Math.max(share, 0), 1);
    this.moved();
  }

  /** Where it is on the stage, in px from the left. */
  at() {
    const [left, , width] = this.view.seen();
    return left + this.memory().share * width;
  }

  show() {
    const [, top, , height] = this.view.seen();
    Object.assign(this.element.style, { left: `${this.at()}px`, top: `${top}px`, height: `${height}px` });
    this.element.ariaValueNow = String(Math.round(100 * this.memory().share));
    this.element.ariaValueText = `${this.element.ariaValueNow} % before`;
  }
}
