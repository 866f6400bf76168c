/** The pictures of a map's points that are at hand, by number; the rest is asked for, one request at a time. */
const { nextTurn } = await import(new URL(`../blob.js${new URL(import.meta.url).search}`, import.meta.url));
const AT_ONCE = 256;
const KEPT = 6000;
const PATIENCE = 4000; // ms after which an answer is no longer waited for

export class Pictures {
  known = new Map(); // number -> { sheet, x, y, side }
  wishes = { pointed: [], typical: [], window: [] }; // by kind, the most urgent first
  pending = 0;
  listeners = new Set();
  tell = null; // tells Python, once a courier is there

  of(number) {
    return this.known.get(number);
  }

  /** Asks for what is lacking; a wish of the same kind that still waits is overtaken. Calls the listeners when something has come. */
  want(kind, numbers) {
    this.wishes[kind] = numbers.filter((number) => !this.known.has(number)).slice(0, AT_ONCE);
    this.ask();
  }

  ask() {
    if (this.pending || !this.tell) return;
    const lacking = (kind) => this.wishes[kind].filter((number) => !this.known.has(number));
    const kind = Object.keys(this.wishes).find((kind) => lacking(kind).length);
    if (!kind) return;
    const numbers = lacking(kind);
    this.wishes[kind] = [];
    this.pending = nextTurn();
    this.tell("asked", [numbers, this.pending]);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.answered(Infinity), PATIENCE);
  }

  answered(turn) {
    if (turn >= this.pending) this.pending = 0;
    this.ask();
  }

  async take({ numbers, columns, side, parts: [bytes], turn }) {
    if (numbers.length) {
      const sheet = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
      const old = this.known.keys();
      while (this.known.size > KEPT) this.known.delete(old.next().value);
      numbers.forEach((number, k) => this.known.set(number, { sheet, x: side * (k % columns), y: side * Math.floor(k / columns), side }));
      for (const hear of this.listeners) hear();
    }
    this.answered(turn);
  }
}
