/**
 * What is drawn under the hand on a map, which tells it the hand's places.
 *
 * `data`: { follows, title, address } and what is seen: { turn, pause, place, trust, word, near, side, channels } with the picture, and the nearest real one
 * where `near` names it. `at`: [x, y, turn].
 */
const { search } = new URL(import.meta.url);
const scripts = ["../asking.js", "../blob.js", "shared.js"].map((path) => import(new URL(`${path}${search}`, import.meta.url)));
const [{ Asking }, { show }, { memoryOf }] = await Promise.all(scripts);

export class Lens {
  asking = new Asking(
    (turn) => [...this.at, turn],
    (question) => this.tell("at", question),
    (seen) => this.take(seen),
  );

  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    for (const name of ["screen", "title", "place", "trust", "figure", "word", "near", "name"]) this[name] = find(`.${name}`);
    [this.canvas, this.small, this.gauge] = [find(".screen canvas"), find(".near canvas"), find(".gauge")];
  }

  update(data, { setStateValue }) {
    this.tell = setStateValue;
    this.asking.address = data.address;
    this.memory = memoryOf(data.follows);
    this.memory.lens = this;
    this.title.textContent = data.title;
    const { told, seen, pending, wants } = this.asking;
    const passed = data.turn < seen && (pending || wants); // a hand has gone past it meanwhile
    if (data.turn >= told && !passed) this.take(data);
    else this.asking.send();
  }

  /** The hand is at a place of the map; `rests`: it let go there. */
  want(place, rests = false) {
    const known = rests && String(place) === String(this.at);
    this.at = place;
    this.asking.wants ||= !known;
    if (rests) this.asking.rest();
    else this.asking.send();
  }

  take(data) {
    this.paint(data);
    this.asking.answered(data);
  }

  paint({ turn, place, trust, word, near, parts, side, channels }) {
    this.place.textContent = place;
    this.trust.hidden = trust === null;
    this.figure.textContent = trust === null ? "" : `${Math.round(100 * trust)}%`;
    this.gauge.firstElementChild.style.width = `${100 * (trust ?? 0)}%`;
    this.gauge.ariaValueNow = `${Math.round(100 * (trust ?? 0))}`;
    this.word.textContent = word;
    this.near.hidden = near === null;
    if (near !== null) {
      this.name.textContent = near;
      show(this.small, parts[1], { side, channels });
    }
    show(this.canvas, parts[0], { side, channels });
    this.screen.dataset.turn = turn; // what is seen is the answer to this one
  }

  destroy() {
    this.asking.end();
    if (this.memory?.lens === this) this.memory.lens = null;
  }
}
