/**
 * A picture and the sliders that move it. It knows nothing of models: it tells where the sliders stand, and shows what comes back.
 *
 * `data`: { stamp, setting: { moves, truncation, locked }, sliders: [{ id, name, change }], truncates, wording: { near, gauge, about, before }, address } and
 * what is seen there: { turn, pause, numbers, gauge, near, side, channels } with three pictures: the current one, the one before the sliders, the
 * nearest real picture, which `near` names. The setting is taken over whenever `stamp` changes.
 *
 * `set`: [moves, truncation, locked, rest, turn]; `rest` says that the hand let go. `refresh`: a turn, a moment after that.
 * `renamed`: [id, name, turn].
 */
const { search } = new URL(import.meta.url);
const scripts = ["asking", "blob"].map((name) => import(new URL(`${name}.js${search}`, import.meta.url)));
const [{ Asking }, { mounted, nextTurn, show }] = await Promise.all(scripts);

const REACH = 3; // sigmas to either side
const REFRESH = 300; // ms after which the rest of the page may be drawn anew: done at once, it would swallow a press that follows
const KEYS_REST = 400; // ms after the last key
const FEW = 8; // sliders below which the picture is not as large as they are
const OFF = 4; // truncation at its end: none
const LOCKS = {
  true: '<svg viewBox="0 0 16 16"><rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5 7V5a3 3 0 0 1 6 0v2"/></svg>',
  false: '<svg viewBox="0 0 16 16"><rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5 7V5a3 3 0 0 1 5.8-1"/></svg>',
};
const short = (v) => v.toFixed(2).replace("-", "−");

class Instrument {
  asking = new Asking(
    (turn, rest) => [this.moves, this.truncation, [...this.locked], rest, turn],
    (set) => this.tell("set", set),
    (seen) => this.take({ ...this.data, ...seen }),
  );

  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    this.parts = Object.fromEntries(
      ["screen", "screen canvas", "badge", "near canvas", "near figcaption", "opinion", "opinion p", "opinion span", "opinion b", "gauge i", "main", "numbers"].map((name) => [name, find(`.${name}`)]),
    );
    this.root = find(".instrument");
    this.summary = find("summary");
    this.details = find("details");
    find(".randomise").onclick = () => this.change((slider) => Math.round(40 * Math.max(-REACH, Math.min(REACH, gaussian()))) / 40);
    find(".reset").onclick = () => this.change(() => 0);
    const compare = (before) => () => this.compare(before);
    this.parts.screen.addEventListener("pointerdown", compare(true));
    for (const type of ["pointerup", "pointerleave", "pointercancel", "blur"]) this.parts.screen.addEventListener(type, compare(false));
    this.parts.screen.addEventListener("keydown", (event) => event.key === " " && this.compare(true));
    this.parts.screen.addEventListener("keyup", (event) => event.key === " " && this.compare(false));
    this.rows = new Map(); // id -> its row
  }

  update(data, { setStateValue }) {
    this.tell = setStateValue;
    this.asking.address = data.address;
    if (data.stamp !== this.stamp) {
      this.stamp = data.stamp;
      const { moves, truncation, locked } = data.setting;
      [this.moves, this.truncation, this.locked] = [{ ...moves }, truncation, new Set(locked)];
      this.asking.forget();
    }
    // What a hand has gone past meanwhile is not shown again.
    if (data.turn < this.asking.seen) data = { ...data, ...this.seen };
    this.take(data);
  }

  /** Shows what there is now. */
  take(data) {
    const { turn, pause, numbers, gauge, near, side, channels, parts } = (this.data = data);
    this.seen = { turn, pause, numbers, gauge, near, side, channels, parts };
    this.lay();
    this.paint();
    this.asking.answered(data);
  }

  /** Rows for the sliders that there are: made anew only when these change, so that none is lost under a hand. */
  lay() {
    const { sliders, numbers, truncates, wording } = this.data;
    const laid = JSON.stringify([sliders, numbers, truncates, wording]);
    if (laid !== this.laid) {
      this.laid = laid;
      this.rows.clear();
      const strongest = Math.max(...sliders.map((slider) => slider.change), 1e-9);
      const main = [...(truncates ? [{ id: "t", name: "Truncation", change: 0 }] : []), ...sliders].map((slider) => this.row(slider, slider.change / strongest));
      this.parts.main.replaceChildren(...main);
      this.parts.numbers.replaceChildren(...numbers.map((_, i) => this.row({ id: `z${i}`, name: `${i + 1}` }, null)));
      this.summary.textContent = `All ${numbers.length} random numbers`;
      this.details.hidden = !numbers.length;
      this.root.classList.toggle("few", main.length < FEW);
      this.parts["near figcaption"].textContent = wording.near;
      this.parts["opinion span"].textContent = wording.gauge;
      this.parts["opinion p"].title = wording.about;
      this.parts.badge.textContent = wording.before;
    }
    const stand = JSON.stringify([this.moves, this.truncation, [...this.locked]]);
    if (laid === this.laidOf && stand === this.stand) return;
    [this.laidOf, this.stand] = [laid, stand];
    for (const [id, row] of this.rows) row.set(this.value(id), this.locked.has(id));
  }

  row({ id, name }, change) {
    const row = make("div", { className: "row" });
    const lock = make("button", { type: "button", className: "lock", title: `${name}: lock it, so that Randomise, Reset and another sample leave it as it is` });
    const label = make("button", { type: "button", className: "name" }, make("span", { textContent: name }));
    const directed = change !== null && id !== "t";
    if (directed) {
      label.append(make("i"));
      label.lastChild.style.width = `${Math.round(100 * change)}%`;
      label.title = `${name}: press to rename. The line below says how much of the picture it changes.`;
      label.onclick = () => this.rename(id, label);
    } else if (id === "t") label.title = "Keeps the random numbers within this many sigmas: nearer to the usual, less varied. At the right end: off.";
    const [low, high] = id === "t" ? [0.3, OFF] : id[0] === "z" ? [-4, 4] : [-REACH, REACH];
    const range = make("input", { type: "range", min: low, max: high, step: id === "t" ? 0.05 : 0.025, ariaLabel: name });
    const output = make("output");
    row.append(...(change === null ? [] : [lock]), label, range, output);
    range.oninput = () => {
      this.put(id, Number(range.value));
      row.frame ??= requestAnimationFrame(() => {
        row.frame = null;
        row.set(Number(range.value), this.locked.has(id));
      });
      this.asking.want();
    };
    range.addEventListener("pointerdown", () => (this.keyed = false));
    range.addEventListener("keydown", () => (this.keyed = true));
    range.onchange = () => {
      clearTimeout(this.resting);
      if (!this.keyed) return this.settle();
      this.resting = setTimeout(() => this.settle(), KEYS_REST); // a key that is held or pressed again is one move
    };
    range.ondblclick = () => {
      this.put(id, this.middle(id));
      this.settle();
    };
    lock.onclick = () => {
      this.locked.has(id) ? this.locked.delete(id) : this.locked.add(id);
      this.settle();
    };
    row.set = (value, locked) => {
      if (Number(range.value) !== value) range.value = value;
      output.textContent = id === "t" && value >= OFF ? "off" : short(value);
      const share = (v) => `${(100 * (Math.min(Math.max(v, low), high) - low)) / (high - low)}%`;
      const ends = [share(Math.min(value, this.middle(id))), share(Math.max(value, this.middle(id)))];
      const [line, ink] = ["color-mix(in srgb, var(--st-text-color) 16%, transparent)", "var(--st-primary-color)"];
      row.style.setProperty("--fill", `linear-gradient(to right, ${line} ${ends[0]}, ${ink} ${ends[0]}, ${ink} ${ends[1]}, ${line} ${ends[1]})`);
      row.classList.toggle("locked", locked);
      lock.innerHTML = LOCKS[locked];
      lock.ariaLabel = `${locked ? "Unlock" : "Lock"} ${name}`;
    };
    this.rows.set(id, row);
    return row;
  }

  /** What a slider stands at; that of a random number stands at the number itself. */
  value(id) {
    if (id === "t") return this.truncation || OFF;
    return (this.moves[id] ?? 0) + (id[0] === "z" ? this.data.numbers[Number(id.slice(1))] : 0);
  }

  middle(id) {
    return id === "t" ? OFF : id[0] === "z" ? this.data.numbers[Number(id.slice(1))] : 0;
  }

  put(id, value) {
    this.asking.wants = true;
    if (id === "t") this.truncation = value >= OFF ? 0 : value;
    else if (value === this.middle(id)) delete this.moves[id];
    else this.moves[id] = Math.round(100 * (value - this.middle(id))) / 100;
  }

  change(value) {
    for (const { id } of this.data.sliders) if (!this.locked.has(id)) this.put(id, value(id));
    if (value(0) === 0) for (const id of Object.keys(this.moves)) if (id[0] === "z") delete this.moves[id];
    this.settle();
  }

  /** The hand let go: a step that can be taken back. */
  settle() {
    this.lay();
    this.asking.rest();
    clearTimeout(this.later);
    this.later = setTimeout(() => this.tell("refresh", nextTurn()), REFRESH);
  }

  rename(id, label) {
    const field = make("input", { type: "text", value: label.textContent, maxLength: 24, ariaLabel: "New name" });
    label.replaceWith(field);
    field.focus();
    field.select();
    let over = false;
    const end = (keep) => {
      if (over) return;
      over = true;
      const name = field.value.trim();
      field.replaceWith(label);
      if (!keep || name === label.textContent) return;
      if (name) label.firstChild.textContent = name; // without one it is called as before it was ever renamed
      this.tell("renamed", [id, name, nextTurn()]);
    };
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Enter") end(true);
      if (event.key === "Escape") end(false);
    };
    field.onblur = () => end(true);
  }

  compare(before) {
    this.comparing = before;
    this.paint();
  }

  paint() {
    const { parts, gauge, near } = this.data;
    this.parts.badge.hidden = !this.comparing;
    this.parts.opinion.hidden = gauge === null;
    this.parts["opinion b"].textContent = gauge === null ? "" : `${Math.round(100 * gauge)} %`;
    this.parts["gauge i"].style.width = `${100 * (gauge ?? 0)}%`;
    if (near !== this.near) show(this.parts["near canvas"], parts[2], this.data);
    this.near = near;
    show(this.parts["screen canvas"], parts[this.comparing ? 1 : 0], this.data);
    this.parts.screen.dataset.turn = this.data.turn; // what is seen is the answer to this one
  }

  destroy() {
    this.asking.end();
    clearTimeout(this.resting);
    clearTimeout(this.later);
  }
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** Box and Muller (1958). */
const gaussian = () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());

export default mounted(Instrument);
