/**
 * A map of points on a plane: it shows coded data, and tells which place a person chose. It knows nothing of models.
 * The Python side, and the format of `data`, are in components/latent_map/__init__.py.
 *
 * Press or drag chooses a place, empty ones included. Wheel or pinch zooms about the pointer; shift-drag, middle-drag
 * or two fingers pan; a double click shows everything and chooses nothing. One finger that starts on the map moves the pin and so does not
 * scroll the page (touch-action: none); the map is never taller than wide, so a phone keeps room around it to scroll.
 */
const part = (name) => import(new URL(`latent_map/${name}.js${new URL(import.meta.url).search}`, import.meta.url));
const [plane, paint, legend] = await Promise.all(["plane", "paint", "legend"].map(part));
const { Plane, clamp, clampZoom, extentOf } = plane;
const { inksOf, paintBase, paintOver, rampOf, shuffled, themeOf } = paint;
const { fillLegend, make, short } = legend;

const SEND_EVERY = 100; // ms between two messages of a drag; the newest place wins, and the last one always goes out
const LOOK_RESTS = 400; // ms after which a zoom, a pan or a filter is told: each is a step that the back button takes back
const HOVER_RADIUS = 10; // px
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

const BACK_LASTS = 3000; // ms in which what comes is still the answer to the back button
let backAt = -Infinity;
addEventListener("popstate", () => (backAt = performance.now()));

const maps = new WeakMap(); // parentElement -> the LatentMap that lives in it
const memories = new Map(); // key -> pin, view (null: all) and hidden classes, which outlive the element

export default function mount({ parentElement, data, setStateValue }) {
  if (!maps.has(parentElement)) maps.set(parentElement, new LatentMap(parentElement));
  const map = maps.get(parentElement);
  const call = ++map.calls;
  map.update(decode(data), setStateValue);
  // Streamlit also runs the cleanup of a call that a newer one overtook: only the newest may end the map.
  return () => {
    if (map.calls !== call) return;
    map.destroy();
    maps.delete(parentElement);
  };
}

function decode(bytes) {
  let at = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, at)));
  const take = (length) => bytes.slice(at, (at += length)); // a copy, so that it is aligned
  const xy = new Float32Array(take(8 * header.n).buffer);
  const labels = header.labelled ? take(header.n) : null;
  const values = header.value_range ? take(header.n) : null;
  const alight = header.lit ? take(header.n) : null;
  return { ...header, xy, labels, values, alight, picture: header.background ? bytes.slice(at) : null };
}

class LatentMap {
  calls = 0;
  plane = new Plane();
  pointers = new Map(); // id -> [px, py] of each finger or button that is down
  gesture = null; // "pin" | "pan"
  lit = null; // the class that the legend points at
  stale = new Set(); // layers to paint in the next frame
  sentAt = 0;
  turn = 0;

  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    for (const name of ["stage", "base", "over", "tip", "legend", "spoken"]) this[name] = find(`.${name}`);
    this.ending = new AbortController();
    const on = (element, type, act) =>
      element.addEventListener(type, act.bind(this), { signal: this.ending.signal, passive: false });
    on(this.over, "pointerdown", this.press);
    on(this.over, "pointermove", this.move);
    on(this.over, "pointerup", this.release);
    on(this.over, "pointercancel", this.release);
    on(this.over, "pointerleave", () => (this.tip.hidden = true));
    on(this.over, "mousedown", (event) => event.preventDefault()); // no text selection, no autoscroll
    on(this.over, "dblclick", this.doubleClick);
    on(this.over, "wheel", this.wheel);
    on(this.over, "keydown", this.type);
    on(find(".in"), "click", () => this.zoom(1.5, this.focus()));
    on(find(".out"), "click", () => this.zoom(1 / 1.5, this.focus()));
    on(find(".all"), "click", this.showAll);
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.stage);
  }

  destroy() {
    clearTimeout(this.timer);
    clearTimeout(this.lookTimer);
    this.ending.abort();
    this.resizing.disconnect();
    cancelAnimationFrame(this.frame);
  }

  // --- what Python says

  update(data, setStateValue) {
    const memory = memories.get(data.key) ?? { view: null, hidden: new Set() };
    memories.set(data.key, memory);
    const [x, y, zoom, hidden] = data.look;
    const looked = memory.lookStamp !== data.look_stamp;
    if (looked) {
      Object.assign(memory, { lookStamp: data.look_stamp, view: zoom ? { x, y, zoom: clampZoom(zoom) } : null });
      memory.hidden.clear();
      for (const i of hidden) memory.hidden.add(i);
      this.legendShown = null;
    }
    const placed = memory.stamp !== data.pin_stamp;
    if (placed) {
      memory.stamp = data.pin_stamp;
      if (this.gesture !== "pin") memory.pin = this.sent = data.pin; // a hand on the pin comes first
    }
    const theme = themeOf(this.stage);
    Object.assign(this, { data, memory, setStateValue, theme, inks: inksOf(data, theme), order: shuffled(data.n) });
    Object.assign(this.plane, { extent: extentOf(data), view: memory.view });
    this.stage.style.setProperty("--height", `${data.height}px`);
    this.over.ariaLabel =
      `Map of ${data.n.toLocaleString("en")} points. Press anywhere to choose a place; arrow keys move it, ` +
      "with shift further; plus and minus zoom, zero shows everything.";
    this.updateLegend();
    this.updatePicture();
    this.resize();
    if (placed && memory.pin && this.plane.width) {
      // What was put there by another part of the page shall be seen, and not at the rim: the buttons lie there.
      // A look that was asked for along with it comes first.
      const asked = (looked && zoom) || performance.now() - backAt < BACK_LASTS; // so does one that was seen before
      if (!asked && !this.plane.holds(memory.pin, 56)) {
        this.plane.centre(memory.pin);
        this.look();
      }
      this.paint("over");
    }
  }

  updateLegend() {
    const { classes, palette, labels, values, value_name: name, value_range: range } = this.data;
    const shown = JSON.stringify([classes, palette, Boolean(labels), Boolean(values), name, range, this.theme.dark]);
    if (shown === this.legendShown) return; // leave the chips alone, one may have the focus
    this.legendShown = shown;
    fillLegend(this.legend, {
      data: this.data,
      ramp: rampOf(this.theme),
      hidden: this.memory.hidden,
      onFilter: () => {
        this.paint("base");
        this.tellLook();
      },
      onLight: (lit) => {
        this.lit = lit;
        this.paint("base");
      },
    });
  }

  async updatePicture() {
    const { picture, background } = this.data;
    if (background === this.pictureId) return;
    this.pictureId = background;
    const bitmap = picture && (await createImageBitmap(new Blob([picture])));
    if (background !== this.pictureId) return; // a newer one overtook it
    this.bitmap = bitmap;
    this.paint("base");
  }

  resize() {
    const [width, height] = [this.stage.clientWidth, this.stage.clientHeight];
    if (!width || !height || !this.data) return; // in a closed tab, or before the first data
    Object.assign(this.plane, { width, height });
    if (!this.memory.view) this.plane.showAll();
    for (const canvas of [this.base, this.over]) {
      const size = [width, height].map((v) => Math.round(v * devicePixelRatio));
      if (canvas.width !== size[0] || canvas.height !== size[1]) [canvas.width, canvas.height] = size;
    }
    this.draw(); // at once: a resized canvas is empty
    this.stage.dataset.ready = ""; // shown only now: what is seen can be pressed
  }

  // --- what the person says

  press(event) {
    const at = this.locate(event);
    this.pointers.set(event.pointerId, at);
    this.over.setPointerCapture(event.pointerId);
    this.over.focus({ preventScroll: true });
    this.stage.dataset.pressed = ""; // no focus ring for a hand, only for the keyboard
    this.tip.hidden = true;
    if (this.pointers.size > 1) {
      // The second finger shows that a pinch was meant, not a choice.
      if (this.gesture === "pin" && this.before) this.place(this.before);
      this.gesture = "pan";
    } else if (event.button === 1 || event.shiftKey) {
      this.gesture = "pan";
    } else if (event.button === 0) {
      this.gesture = "pin";
      [this.beforeLast, this.before] = [this.before, this.memory.pin];
      this.place(this.plane.toMap(at), event.pointerType === "touch" ? SEND_EVERY : 0); // it may become a pinch
    }
    this.stage.dataset.gesture = this.gesture ?? "";
  }

  move(event) {
    const at = this.locate(event);
    if (!this.pointers.has(event.pointerId)) return event.pointerType === "mouse" && this.hover(at);
    const was = grip(this.pointers);
    this.pointers.set(event.pointerId, at);
    if (this.gesture === "pin") {
      this.place(this.plane.toMap([clamp(at[0], 0, this.plane.width), clamp(at[1], 0, this.plane.height)]));
    } else if (this.gesture === "pan") {
      const now = grip(this.pointers);
      this.plane.pan(now.at[0] - was.at[0], now.at[1] - was.at[1]);
      if (was.span) this.plane.zoom(now.span / was.span, now.at);
      this.look();
    }
  }

  release(event) {
    this.pointers.delete(event.pointerId);
    if (this.pointers.size) return; // the last finger of a pinch goes on panning
    if (this.gesture === "pin") this.flush();
    this.gesture = null;
    this.stage.dataset.gesture = "";
  }

  doubleClick() {
    if (this.beforeLast) this.place(this.beforeLast); // its first click was no choice
    this.flush();
    this.showAll();
  }

  wheel(event) {
    const factor = Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : event.ctrlKey ? 0.01 : 0.002));
    if (!this.plane.canZoom(factor)) return; // no further: the page may scroll on
    event.preventDefault();
    this.zoom(factor, this.locate(event));
  }

  type(event) {
    delete this.stage.dataset.pressed;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key in ARROWS) {
      const step = (event.shiftKey ? 40 : 8) / this.plane.scale;
      const [x, y] = this.memory.pin ?? [this.plane.view.x, this.plane.view.y];
      const [dx, dy] = ARROWS[event.key];
      this.place([x + dx * step, y + dy * step]);
      this.plane.reveal(this.memory.pin);
      this.look();
    } else if (event.key === "+" || event.key === "=") this.zoom(1.25, this.focus());
    else if (event.key === "-") this.zoom(0.8, this.focus());
    else if (event.key === "0") this.showAll();
    else return;
    event.preventDefault();
    event.stopPropagation(); // the page has shortcuts of its own
  }

  place(point, wait = 0) {
    this.memory.pin = point;
    this.paint("over");
    const due = Math.max(this.sentAt + SEND_EVERY - performance.now(), wait);
    if (due <= 0) this.flush();
    else this.timer ??= setTimeout(() => this.flush(), due);
  }

  flush() {
    clearTimeout(this.timer);
    this.timer = null;
    const point = this.memory?.pin?.map((v) => Number(v.toPrecision(6)));
    if (!point || String(point) === String(this.sent)) return;
    [this.sent, this.sentAt] = [point, performance.now()];
    this.turn = Math.max(this.turn + 1, Date.now()); // each choice has its own, so that Python sees it is new
    this.setStateValue("point", [...point, this.turn]);
    this.spoken.textContent = this.describe(this.plane.toScreen(point)).join(", ");
  }

  hover(at) {
    this.tip.replaceChildren(...this.describe(at).map((text) => make("span", { textContent: text })));
    this.tip.hidden = false;
    const [width, height] = [this.tip.offsetWidth, this.tip.offsetHeight];
    const left = at[0] + 14 + width > this.plane.width ? at[0] - 10 - width : at[0] + 14;
    const top = at[1] + 14 + height > this.plane.height ? at[1] - 10 - height : at[1] + 14;
    this.tip.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  /** What is at a screen point: the class and value of the nearest data point, if one is near, and the place. */
  describe(at) {
    const { labels, values, classes, value_range: range, value_name: name } = this.data;
    const i = this.nearest(at);
    const digits = this.plane.decimals + 1;
    const place = this.plane.toMap(at).map((v) => v.toFixed(digits).replace("-", "−")).join(", ");
    if (i < 0) return [place];
    const value = values && `${name} ≈ ${short(range[0] + (values[i] / 255) * (range[1] - range[0]))}`;
    return [labels && classes[labels[i]], value, place].filter(Boolean);
  }

  nearest(at) {
    const { xy, labels, n } = this.data;
    const [x, y] = this.plane.toMap(at);
    let [best, found] = [(HOVER_RADIUS / this.plane.scale) ** 2, -1];
    for (let i = 0; i < n; i++) {
      const distance = (xy[2 * i] - x) ** 2 + (xy[2 * i + 1] - y) ** 2;
      if (distance < best && !(labels && this.memory.hidden.has(labels[i]))) [best, found] = [distance, i];
    }
    return found;
  }

  locate(event) {
    const box = this.over.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  // --- what is seen

  /** What a zoom without a pointer is about: the pin, if it is seen. */
  focus() {
    const { pin } = this.memory;
    return pin && this.plane.holds(pin) ? this.plane.toScreen(pin) : undefined;
  }

  zoom(factor, at) {
    this.plane.zoom(factor, at);
    this.look();
  }

  showAll() {
    this.plane.showAll();
    this.look(null);
  }

  look(view = this.plane.view) {
    this.memory.view = view;
    this.paint("base", "over");
    this.tellLook();
  }

  tellLook() {
    clearTimeout(this.lookTimer);
    this.lookTimer = setTimeout(() => {
      if (this.pointers.size) return this.tellLook();
      const { view, hidden } = this.memory;
      const [x, y, zoom] = [view?.x ?? 0, view?.y ?? 0, view?.zoom ?? 0].map((v) => Number(v.toPrecision(5)));
      if (view) this.memory.view = this.plane.view = { x, y, zoom }; // no finer than a link says it
      this.paint("base", "over");
      this.turn = Math.max(this.turn + 1, Date.now());
      this.setStateValue("look", [x, y, zoom, [...hidden].sort((a, b) => a - b), false, this.turn]);
    }, LOOK_RESTS);
  }

  paint(...layers) {
    for (const layer of layers) this.stale.add(layer);
    this.frame ??= requestAnimationFrame(() => this.draw([...this.stale]));
  }

  draw(layers = ["base", "over"]) {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    this.stale.clear();
    if (!this.plane.width) return;
    const scene = { ...this, hidden: this.memory.hidden, marks: this.data.marks, pin: this.memory.pin };
    if (layers.includes("base")) paintBase(this.base, this.plane, scene);
    if (layers.includes("over")) paintOver(this.over, this.plane, scene);
  }
}

/** The middle of all pointers, and how far the first two are apart (0 for one). */
function grip(pointers) {
  const [a, b = a] = [...pointers.values()];
  return { at: [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2], span: Math.hypot(a[0] - b[0], a[1] - b[1]) };
}
