/** What stands beside the pointer: what is there in words, and a moment later the picture. */
const { search } = new URL(import.meta.url);
const { make, short } = await import(new URL(`legend.js${search}`, import.meta.url));
const ASKED_AFTER = 60; // ms on a point after which its picture is asked for
const SHOWN_AFTER = 125; // ms after which it is shown: a hand that only passes by flickers nothing

/** What is at a screen point: the class and value of the data point `i` that is near, if one is, and the place. */
export function describe({ labels, values, classes, value_range: range, value_name: name, numbers }, plane, at, i) {
  const digits = plane.decimals + 1;
  const place = plane.toMap(at).map((v) => v.toFixed(digits).replace("-", "−")).join(", ");
  if (i < 0) return [place];
  const value = values && `${name} ≈ ${short(range[0] + (values[i] / 255) * (range[1] - range[0]))}`;
  return [labels ? classes[labels[i]] : `no. ${numbers[i]}`, value, place].filter(Boolean);
}

export class Tip {
  number = -1; // of the point that is pointed at

  constructor(element, pictures) {
    Object.assign(this, { element, pictures });
    [this.canvas, this.lines] = element.children;
  }

  /** Says `lines` at a screen point; `number` is the point there, or -1. `wait` of 0: the picture as soon as it is there. */
  show(lines, at, plane, number, wait = SHOWN_AFTER) {
    this.lines.replaceChildren(...lines.map((textContent) => make("span", { textContent })));
    this.element.hidden = false;
    if (number !== this.number) {
      this.forget();
      this.number = number;
      if (number >= 0) {
        this.asking = setTimeout(() => this.pictures().want("pointed", [number]), Math.min(wait, ASKED_AFTER));
        this.showing = setTimeout(() => this.picture(), wait);
      }
    }
    [this.at, this.plane] = [at, plane];
    this.lay();
  }

  /** Shows the picture of the point, once it is due and there. */
  picture() {
    this.due = true;
    const picture = this.pictures().of(this.number);
    if (!picture) return;
    const { sheet, x, y, side } = picture;
    [this.canvas.width, this.canvas.height] = [side, side];
    this.canvas.getContext("2d").drawImage(sheet, x, y, side, side, 0, 0, side, side);
    this.canvas.hidden = false;
    this.element.dataset.number = this.number;
    this.lay();
  }

  /** A picture has come. */
  came() {
    if (this.due && this.canvas.hidden && this.number >= 0) this.picture();
  }

  lay() {
    const { element, plane, at } = this;
    const [width, height] = [element.offsetWidth, element.offsetHeight];
    const left = at[0] + 16 + width > plane.width ? at[0] - 14 - width : at[0] + 16;
    const top = at[1] + 16 + height > plane.height ? at[1] - 14 - height : at[1] + 16;
    element.style.transform = `translate(${Math.round(Math.max(left, 2))}px, ${Math.round(Math.max(top, 2))}px)`;
  }

  hide() {
    this.element.hidden = true;
    this.forget();
  }

  forget() {
    clearTimeout(this.asking);
    clearTimeout(this.showing);
    this.number = -1;
    this.due = false;
    this.canvas.hidden = true;
    delete this.element.dataset.number;
  }
}
