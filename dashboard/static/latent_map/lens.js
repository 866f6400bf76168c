/**
 * What is drawn under the hand on a map. It gets the hand's places from the map, tells the newest as soon as Python has answered the one before,
 * and shows what comes back; what was overtaken is never sent, and an answer that is older than what is seen is dropped.
 *
 * `data`: { follows, turn, title, place, trust, word, near, side, channels } and the picture, and the nearest real one where `near` names it.
 * `at`: [x, y, turn].
 */
const { search } = new URL(import.meta.url);
const [{ nextTurn, show }, { memoryOf }] = await Promise.all([`../blob.js${search}`, `shared.js${search}`].map((path) => import(new URL(path, import.meta.url))));
const PATIENCE = 1500; // ms after which an answer is no longer waited for

export class Lens {
  pending = 0;
  wanted = null; // the newest place that was not told yet
  seen = 0; // the turn whose answer is shown

  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    for (const name of ["screen", "title", "place", "trust", "figure", "word", "near", "name"]) this[name] = find(`.${name}`);
    [this.canvas, this.small, this.gauge] = [find(".screen canvas"), find(".near canvas"), find(".gauge")];
  }

  update(data, { setStateValue }) {
    this.tell = setStateValue;
    this.memory = memoryOf(data.follows);
    this.memory.lens = this;
    if (data.turn >= this.pending) this.pending = 0;
    if (data.turn >= this.seen) this.paint(data);
    if (this.wanted) this.want(this.wanted);
  }

  /** The hand is at a place of the map. */
  want(place) {
    this.wanted = place;
    if (this.pending) return; // one at a time: a second would break off the run that answers the first
    this.wanted = null;
    this.pending = nextTurn();
    this.tell("at", [...place, this.pending]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.pending = 0;
      if (this.wanted) this.want(this.wanted);
    }, PATIENCE);
  }

  paint({ turn, title, place, trust, word, near, parts, side, channels }) {
    this.seen = turn;
    this.title.textContent = title;
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
    clearTimeout(this.timer);
    if (this.memory?.lens === this) this.memory.lens = null;
  }
}
