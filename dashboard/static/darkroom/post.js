/** What is told to Python: one message at a time, since a second would break off the run that answers the first. */
const { nextTurn } = await import(new URL(`../blob.js${new URL(import.meta.url).search}`, import.meta.url));
const PATIENCE = 8000; // ms after which an answer is no longer waited for

export class Post {
  waiting = []; // [name, turn, tell]
  pending = null; // the name and turn of the one on its way

  /** `changed()` tells that `pending` did. */
  constructor(changed) {
    this.changed = changed;
  }

  /** Queues a message and gives its turn. `tell(turn)` sends it. One that was still waiting under that name is overtaken, unless each counts. */
  send(name, tell, { each = false } = {}) {
    const turn = nextTurn();
    if (!each) this.waiting = this.waiting.filter(([other]) => other !== name);
    this.waiting.push([name, turn, tell]);
    this.next();
    return turn;
  }

  /** Python has taken in these turns, by name. */
  answered(turns) {
    if (this.pending && turns[this.pending[0]] >= this.pending[1]) this.pending = null;
    this.next();
  }

  next() {
    if (this.pending) return;
    const [name, turn, tell] = this.waiting.shift() ?? [];
    this.pending = tell ? [name, turn] : null;
    this.changed();
    if (!tell) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.pending = null;
      this.next();
    }, PATIENCE);
    tell(turn);
  }

  end() {
    clearTimeout(this.timer);
  }
}
