/** The hand that paints a mask: the brush's part of the toolbar, the ring at the pointer, and strokes. */
const [SMALLEST, LARGEST] = [6, 240]; // px across

export class Brush {
  erasing = false;
  stroke = null;

  /** `memory` holds the mask and the brush's `width` in CSS pixels; `seen()` draws the picture anew, `changed()` tells that a change is complete. */
  constructor(find, { view, memory, seen, changed }) {
    Object.assign(this, { view, memory, seen, changed });
    [this.ring, this.slider] = [find(".ring"), find(".size input")];
    [this.painter, this.eraser, this.back] = [find(".paint"), find(".erase"), find(".undo")];
    this.slider.oninput = () => this.resize(Number(this.slider.value));
    this.painter.onclick = () => this.choose(false);
    this.eraser.onclick = () => this.choose(true);
    this.back.onclick = () => this.undo();
    find(".invert").onclick = () => this.act((mask) => mask.invert());
    find(".clear").onclick = () => this.act((mask) => mask.clear());
    this.choose(false);
  }

  choose(erasing) {
    this.erasing = erasing;
    this.painter.setAttribute("aria-pressed", String(!erasing));
    this.eraser.setAttribute("aria-pressed", String(erasing));
  }

  resize(width) {
    this.memory().width = Math.min(Math.max(Math.round(width), SMALLEST), LARGEST);
    this.show();
    if (this.at) this.hover(this.at);
  }

  /** Brings the toolbar up to the memory. */
  show() {
    const { mask, width } = this.memory();
    this.slider.value = width;
    this.slider.style.setProperty("--share", `${(100 * (width - SMALLEST)) / (LARGEST - SMALLEST)}%`);
    this.back.disabled = !mask.past.length;
  }

  act(change) {
    const { mask } = this.memory();
    mask.keep();
    change(mask);
    this.done();
  }

  undo() {
    if (!this.stroke && this.memory().mask.undo()) this.done();
  }

  done() {
    this.show();
    this.seen();
    this.changed();
  }

  begin(at, event) {
    const { mask, width } = this.memory();
    const { canvas } = mask;
    const erase = this.erasing || event.button === 2 || event.altKey;
    const toMask = (place) => this.view.toPicture(place).map((v, i) => v * (i ? canvas.height : canvas.width));
    const draw = (from, to) => {
      const radius = ((width / 2) * canvas.width) / (this.view.size[0] * this.view.scale);
      mask.stroke(toMask(from), toMask(to), Math.max(radius, 0.75), erase);
      this.seen();
    };
    mask.keep();
    draw(at, at);
    this.stroke = {
      move: (was, now) => draw(was.at, now.at),
      end: () => {
        this.stroke = null;
        if (mask === this.memory().mask) this.done(); // else another picture came under the hand
      },
      cancel: () => {
        this.stroke = null;
        mask.undo();
        this.seen();
      },
    };
    return this.stroke;
  }

  hover(at) {
    this.at = at;
    this.ring.hidden = !at;
    if (!at) return;
    const { width } = this.memory();
    Object.assign(this.ring.style, { width: `${width}px`, height: `${width}px`, left: `${at[0]}px`, top: `${at[1]}px` });
  }

  /** Whether a key was for the brush. */
  type(event) {
    const { width } = this.memory();
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey) this.undo();
    else if (event.key === "[") this.resize(width / 1.2);
    else if (event.key === "]") this.resize(width * 1.2);
    else return false;
    return true;
  }
}
