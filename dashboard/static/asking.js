/**
 * What is seen under a hand, asked for as fast as it is answered: the newest place, as soon as the one before was answered and `pause` ms have gone by for
 * other visitors; what was overtaken is never sent. Asked is the `address` of `dashboard/direct.py`, past the page. The page is told where the hand lets go,
 * or all of it where nothing answers at the address.
 */
const { nextTurn, read } = await import(new URL(`blob.js${new URL(import.meta.url).search}`, import.meta.url));

const PATIENCE = 1500; // ms after which an answer is no longer waited for
const AGAIN = 100; // ms after which an address is asked again that was still at work
const BUSY = 429;

export class Asking {
  address = null; // null: there is only the page
  wants = false; // there is something newer than what was sent
  rests = false; // the hand let go, and the page does not know it yet
  pending = 0; // the turn that is not answered yet
  seen = 0; // the turn whose answer is shown
  told = 0; // the turn that the page was told last
  past = false; // what is pending was asked past the page
  next = 0; // when the next may be sent, in ms of performance.now()
  leaving = new AbortController();

  /** `question(turn, rests)`: what is to be asked now; `tell(question)` tells the page; `came(seen)` is handed what the address answers: { turn, pause, ... }. */
  constructor(question, tell, came) {
    Object.assign(this, { question, tell, came });
  }

  want() {
    this.wants = true;
    this.send();
  }

  /** Told at once, so that what is pressed next knows of it, unless the page was told already where and is at it. */
  rest() {
    this.rests = true;
    this.send();
  }

  /** One at a time: a second would break off the run that answers the first. But that is for the page alone to fear. */
  send() {
    clearTimeout(this.pausing);
    const { rests, wants } = this;
    if (!rests && (!wants || this.pending)) return;
    if (this.pending && !this.past && !wants) return;
    const pause = rests ? 0 : this.next - performance.now();
    if (pause > 0) {
      this.pausing = setTimeout(() => this.send(), pause);
      return;
    }
    this.wants = this.rests = false;
    const turn = (this.pending = nextTurn());
    const question = this.question(turn, rests);
    clearTimeout(this.waiting);
    this.waiting = setTimeout(() => {
      this.pending = 0;
      this.send();
    }, PATIENCE);
    this.past = !rests && Boolean(this.address) && this.address !== this.deaf;
    if (this.past) this.ask(this.address, question, turn);
    else this.say(question, turn);
  }

  say(question, turn) {
    this.told = turn;
    this.tell(question);
  }

  async ask(address, question, turn) {
    const { signal } = this.leaving;
    try {
      const answer = await fetch(new URL(address, document.baseURI), { method: "POST", body: JSON.stringify(question), signal });
      if (answer.status === BUSY) return this.busy(turn);
      if (!answer.ok) throw new Error(`${answer.status}`);
      const seen = read(new Uint8Array(await answer.arrayBuffer()));
      if (seen.turn > this.seen) this.came(seen);
    } catch {
      if (signal.aborted) return;
      this.deaf = address;
      if (this.pending !== turn) return;
      this.past = false;
      this.say(question, turn);
    }
  }

  busy(turn) {
    if (this.pending !== turn) return;
    [this.pending, this.next] = [0, performance.now() + AGAIN];
    this.want();
  }

  /** What answers `turn` is shown now, wherever it came from. */
  answered({ turn, pause }) {
    this.seen = turn;
    if (this.pending && turn >= this.pending) {
      [this.pending, this.next] = [0, performance.now() + pause];
      clearTimeout(this.waiting); // nothing is waited for any more, and the pause is not to be cut short
    }
    this.send();
  }

  /** What is shown from now on has nothing to do with what was asked before. */
  forget() {
    this.pending = this.seen = 0;
  }

  end() {
    this.leaving.abort();
    clearTimeout(this.pausing);
    clearTimeout(this.waiting);
  }
}
