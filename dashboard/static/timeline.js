/**
 * A run over its steps under one cursor: the curve, on which it is dragged, the map of codes, the pictures. It knows nothing of models.
 *
 * `data`: see `pack` in components/timeline/__init__.py. The cursor is taken over whenever `stamp` changes; at -1 it stays with the newest step.
 * Everything acts here at once. `step`: [step or -1, turn], told when the cursor has come to rest.
 */
const version = new URL(import.meta.url).search;
const load = (name) => import(new URL(`${name}.js${version}`, import.meta.url));
const [{ mounted, nextTurn }, { Axis, paintCurve }, { read, between, paintPoints }] = await Promise.all(
  ["blob", "timeline/curve", "timeline/points"].map(load),
);

const GLIDE = 260; // ms in which points move to where a hand put the cursor
const PACE = 750; // ms from one step to the next when it plays
const RESTS = 350; // ms after which a place is told: each is a step that the back button takes back
const SPEEDS = [1, 2, 4, 0.5];
const NEWEST = -1;
const KEYS = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -4, PageUp: 4, Home: -1e6, End: 1e6 };
const still = matchMedia("(prefers-reduced-motion: reduce)");
const ease = (t) => 1 - (1 - t) ** 3;

class Timeline {
  speed = 0;
  bitmaps = new Map(); // a picture's name -> what it is once decoded

  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    for (const name of ["timeline", "play", "speed", "step", "waiting", "figures", "scrub", "keys", "views", "map", "legend", "pictures", "before", "after"])
      this[`_${name}`] = find(`.${name}`);
    this._play.onclick = () => (this.playing ? this.pause() : this.play());
    this._speed.onclick = () => {
      this.speed = (this.speed + 1) % SPEEDS.length;
      this._speed.textContent = `${SPEEDS[this.speed] === 0.5 ? "½" : SPEEDS[this.speed]}×`;
    };
    this._scrub.onpointerdown = (event) => {
      if (event.button) return;
      this._scrub.setPointerCapture(event.pointerId);
      this.held = true;
      this.drag(event);
    };
    this._scrub.onpointermove = (event) => void (this.held && this.drag(event));
    for (const type of ["pointerup", "pointercancel"]) this._scrub.addEventListener(type, () => (this.held = false));
    this._scrub.onkeydown = (event) => this.type(event);
    this.resizing = new ResizeObserver(() => this.paint());
    this.resizing.observe(this._scrub);
    this.resizing.observe(this._map);
  }

  update(data, { setStateValue }) {
    const fresh = !this.data;
    const was = this.data?.steps[this.index]?.step;
    Object.assign(this, { data, tell: setStateValue });
    this.steps = data.steps.map((one) => one.step);
    this.maps = data.steps.map((one) => (one.map < 0 ? null : read(data.parts[one.map])));
    this.labels = data.labels < 0 ? null : data.parts[data.labels];
    if (data.stamp !== this.stamp) {
      this.stamp = data.stamp;
      this.follows = data.at === NEWEST;
      this.index = this.nearest(data.at);
    } else if (this.follows && !this.held) this.index = this.steps.length - 1;
    else this.index = this.nearest(was); // others may have come before it
    this.lay();
    const to = this.maps[this.index];
    if (to && this.now?.length !== to.length) this.now = to.slice();
    this.decode();
    if (!this.playing) this.move(fresh ? 0 : GLIDE);
  }

  /** What stays the same at each step. */
  lay() {
    const { captions, classes, palette, curve, size, smooth, waiting } = this.data;
    this.inks = this.labels ? classes.map((_, i) => palette[i % palette.length]) : [getComputedStyle(this._timeline).getPropertyValue("--st-primary-color").trim()];
    const laid = JSON.stringify([captions, classes, curve.name, curve.train.length > 0, curve.held_out.length > 0, size, smooth, Boolean(this.labels), this.data.before]);
    this._waiting.textContent = waiting;
    this._play.disabled = this._speed.disabled = this.steps.length < 2;
    this._scrub.ariaValueMin = "0";
    this._scrub.ariaValueMax = String(this.steps.at(-1));
    if (laid === this.laid) return;
    this.laid = laid;
    this._views.dataset.kind = captions.map ? "map" : "flat";
    this._map.hidden = !captions.map;
    this._before.hidden = this.data.before < 0;
    for (const name of ["map", "before", "after"]) this[`_${name}`].querySelector("figcaption").textContent = captions[name] ?? "";
    this._pictures.toggleAttribute("data-smooth", smooth);
    for (const figure of [this._before, this._after]) figure.querySelector("canvas").style.aspectRatio = size.join(" / ");
    const key = (which, said) => (curve[which].length ? [make("span", { className: which }, make("i"), `${curve.name}, ${said}`)] : []);
    this._keys.replaceChildren(...key("train", "training"), ...key("held_out", "held-out images"));
    this._legend.replaceChildren(
      ...(this.labels ? classes : []).map((name, i) => {
        const dot = make("i");
        dot.style.background = this.inks[i];
        return make("span", {}, dot, name);
      }),
    );
  }

  /** Decodes all pictures, those near the cursor first: then none is waited for in a drag. */
  async decode() {
    const { data } = this;
    const wanted = new Map(data.steps.map((one) => [one.step, data.parts[one.picture]]));
    if (data.before >= 0) wanted.set("before", data.parts[data.before]);
    for (const name of this.bitmaps.keys()) if (!wanted.has(name)) this.bitmaps.delete(name);
    const here = this.steps[this.index];
    const order = [...wanted].sort(([a], [b]) => (a === "before" ? -1 : b === "before" ? 1 : Math.abs(a - here) - Math.abs(b - here)));
    for (const [name, bytes] of order) {
      const known = this.bitmaps.get(name);
      if (known && same(known.bytes, bytes)) continue;
      const bitmap = await createImageBitmap(new Blob([bytes]));
      if (this.data !== data) return; // a newer one took over
      this.bitmaps.set(name, { bytes, bitmap });
      if (name === "before" || name === this.steps[this.index]) this.paintPictures();
    }
  }

  nearest(step) {
    if (step === NEWEST || step === undefined) return this.steps.length - 1;
    let best = 0;
    this.steps.forEach((other, i) => Math.abs(other - step) < Math.abs(this.steps[best] - step) && (best = i));
    return best;
  }

  // --- what the person says

  drag(event) {
    this.pause();
    const box = this._scrub.getBoundingClientRect();
    this.go(this.axis.nearest(event.clientX - box.left, this.steps));
  }

  type(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") this.playing ? this.pause() : this.play();
    else if (event.key in KEYS) {
      this.pause();
      this.go(this.index + KEYS[event.key]);
    } else return;
    event.preventDefault();
    event.stopPropagation(); // the page has shortcuts of its own
  }

  go(index) {
    const to = Math.min(Math.max(index, 0), this.steps.length - 1);
    this.follows = to === this.steps.length - 1;
    if (to === this.index) return;
    this.index = to;
    this.move(GLIDE);
    this.rest();
  }

  play() {
    if (this.steps.length < 2) return;
    this.playing = true;
    this._play.ariaPressed = "true";
    this._play.lastChild.textContent = "Pause";
    if (this.index === this.steps.length - 1) {
      this.index = 0;
      this.move(GLIDE, () => this.onward());
    } else this.onward();
  }

  onward() {
    if (!this.playing) return;
    if (this.index >= this.steps.length - 1) return this.pause();
    this.index += 1;
    this.move(PACE / SPEEDS[this.speed], () => this.onward(), (t) => t);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this._play.ariaPressed = "false";
    this._play.lastChild.textContent = "Play";
    this.follows = this.index === this.steps.length - 1;
    this.rest();
  }

  rest() {
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      if (this.held || this.playing) return this.rest();
      this.tell("step", [this.follows ? NEWEST : this.steps[this.index], nextTurn()]);
    }, RESTS);
  }

  // --- what is seen

  /** Goes to the step of the cursor: the points move there, all else is there at once. */
  move(ms, then, way = ease) {
    cancelAnimationFrame(this.frame);
    const from = this.now?.slice();
    const started = performance.now();
    const cursor = this.at ?? this.steps[this.index];
    this.say();
    this.paintPictures();
    const tick = (now) => {
      const share = ms ? Math.min(1, Math.max(0, (now - started) / ms)) : 1;
      const to = this.maps[this.index];
      if (to && from) between(this.now, from, to, still.matches ? 1 : way(share));
      // the cursor moves evenly along the axis, on which each doubling is as wide
      this.at = this.playing ? blend(cursor, this.steps[this.index], way(share)) : this.steps[this.index];
      this.paint();
      if (share < 1) this.frame = requestAnimationFrame(tick);
      else then?.();
    };
    tick(started);
  }

  /** The step and its figures, in words. */
  say() {
    const { steps, ends, helps } = this.data;
    const { step, figures } = steps[this.index];
    const text = `step ${step.toLocaleString("en")}`;
    this._timeline.dataset.step = step;
    this._step.textContent = text;
    this._scrub.ariaValueNow = String(step);
    this._scrub.ariaValueText = [text, ...Object.entries(figures).map(([name, value]) => `${name} ${value}`)].join(", ");
    this._figures.replaceChildren(
      ...Object.entries(figures).map(([name, value]) =>
        make("div", {}, make("dt", { textContent: name, title: helps[name] ?? "" }), make("dd", { textContent: value }), make("dd", { textContent: ends[name] ?? "" })),
      ),
    );
  }

  paint() {
    if (!this.data) return;
    const style = getComputedStyle(this._timeline);
    const token = (name) => style.getPropertyValue(name).trim();
    const theme = { text: style.color, accent: token("--st-primary-color"), paper: token("--st-background-color"), second: token("--second"), font: style.fontFamily };
    const [width, height] = [this._scrub.clientWidth, this._scrub.clientHeight];
    if (!width) return; // in a closed tab
    this.axis = new Axis(width, height, this.steps.at(-1));
    const canvas = this._scrub.firstElementChild;
    resize(canvas, width * devicePixelRatio, height * devicePixelRatio);
    paintCurve(canvas, this.axis, { curve: this.data.curve, steps: this.steps, at: this.at ?? this.steps[this.index], theme });
    const field = this._map.querySelector("canvas");
    const side = field.clientWidth;
    if (!side || !this.now) return;
    resize(field, side * devicePixelRatio, side * devicePixelRatio);
    paintPoints(field, side, this.now, this);
  }

  paintPictures() {
    for (const [figure, name] of [[this._before, "before"], [this._after, this.steps[this.index]]]) {
      const known = this.bitmaps.get(name);
      if (!known) continue;
      const canvas = figure.querySelector("canvas");
      resize(canvas, known.bitmap.width, known.bitmap.height);
      const context = canvas.getContext("2d");
      context.clearRect(0, 0, canvas.width, canvas.height);
      context.drawImage(known.bitmap, 0, 0);
      figure.dataset.shows = name;
    }
  }

  destroy() {
    clearTimeout(this.resting);
    cancelAnimationFrame(this.frame);
    this.resizing.disconnect();
  }
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

const same = (a, b) => a.length === b.length && a.every((value, i) => value === b[i]);

/** From one step to another, evenly in doublings. */
function blend(from, to, share) {
  const [a, b] = [from, to].map((step) => Math.log2(1 + step / 16));
  return 16 * (2 ** (a + share * (b - a)) - 1);
}

function resize(canvas, width, height) {
  const size = [Math.round(width), Math.round(height)];
  if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
}

export default mounted(Timeline);
