/**
 * What is drawn under the hand on a map. It gets the hand's places from the map, asks for what is seen at the newest as soon as the one before was answered
 * and `pause` ms have gone by for other visitors, and shows what comes back; what was overtaken is never sent. Asked is the `address`, past the page, which is
 * told where the hand lets go, or all of it where nothing answers there.
 *
 * `data`: { follows, title, address } and what is seen: { turn, pause, place, trust, word, near, side, channels } with the picture, and the nearest real one
 * where `near` names it. `at`: [x, y, turn].
 */
const { search } = new URL(import.meta.url);
const [{ ask, nextTurn, show }, { memoryOf }] = await Promise.all([`../blob.js${search}`, `shared.js${search}`].map((path) => import(new URL(path, import.meta.url))));
const PATIENCE = 1500; // ms after which an answer is no longer waited for
const AGAIN = 100; // ms after which an address is asked again that was still at work

export class Lens {
  pending = 0; // the turn that is not answered yet
  asking = false; // past the page
  wanted = null; // the newest place that was not sent yet, and whether the hand let go there
  next = 0; // when it may be sent, in ms of performance.now()
  told = 0; // the turn that the page was told last
  seen = 0; // the turn whose answer is shown
  leaving = new AbortController();

  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    for (const name of ["screen", "title", "place", "trust", "figure", "word", "near", "name"]) this[name] = find(`.${name}`);
    [this.canvas, this.small, this.gauge] = [find(".screen canvas"), find(".near canvas"), find(".gauge")];
  }

  update(data, { setStateValue }) {
    this.tell = setStateValue;
    this.address = data.address;
    this.memory = memoryOf(data.follows);
    this.memory.lens = this;
    this.title.textContent = data.title;
    const passed = data.turn < this.seen && (this.pending || this.wanted); // a hand has gone past it meanwhile
    if (data.turn >= this.told && !passed) this.take(data);
    else this.send();
  }

  /** The hand is at a place of the map; `rests`: it let go there. */
  want(place, rests = false) {
    this.wanted = { place, rests };
    this.send();
  }

  /** One at a time: a second would break off the run that answers the first. But that is for the page alone to fear. */
  send() {
    clearTimeout(this.paused);
    if (!this.wanted) return;
    const { place, rests } = this.wanted;
    if (this.pending && !(rests && this.asking)) return;
    const pause = rests ? 0 : this.next - performance.now();
    if (pause > 0) {
      this.paused = setTimeout(() => this.send(), pause);
      return;
    }
    this.wanted = null;
    const turn = (this.pending = nextTurn());
    this.asking = !rests && Boolean(this.address) && this.address !== this.deaf;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.pending = 0;
      this.send();
    }, PATIENCE);
    if (this.asking) this.ask(this.address, place, turn);
    else this.say(place, turn);
  }

  say(place, turn) {
    this.told = turn;
    this.tell("at", [...place, turn]);
  }

  async ask(address, place, turn) {
    const { signal } = this.leaving;
    try {
      const seen = await ask(address, [...place, turn], signal);
      if (seen?.turn > this.seen) this.take(seen);
      if (seen || this.pending !== turn) return;
      [this.pending, this.next] = [0, performance.now() + AGAIN];
      this.wanted ??= { place, rests: false };
      this.send();
    } catch {
      if (signal.aborted) return;
      this.deaf = address;
      if (this.pending === turn) this.say(place, turn);
    }
  }

  take(data) {
    this.paint(data);
    if (data.turn >= this.pending) [this.pending, this.next] = [0, performance.now() + data.pause];
    this.send();
  }

  paint({ turn, place, trust, word, near, parts, side, channels }) {
    this.seen = turn;
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
    this.leaving.abort();
    clearTimeout(this.paused);
    clearTimeout(this.timer);
    if (this.memory?.lens === this) this.memory.lens = null;
  }
}
