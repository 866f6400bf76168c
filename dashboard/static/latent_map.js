/**
 * A map of points on a plane: it shows coded data, and tells which place a person chose and what group they circled. It knows nothing of models.
 * The Python side, and the format of `data`, are in components/latent_map/__init__.py; what hands mean is in latent_map/gestures.js.
 *
 * Told at rest are `point`: [x, y, turn]; `look`: [x, y, zoom, hidden, density, turn]; `lasso`: [outline, turn]. While a hand is on the pin, its places
 * go to the lens that follows this map, if there is one. Lens and courier are exported here, so that all three share one module's memory.
 */
const { search } = new URL(import.meta.url);
const { mounted, nextTurn } = await import(new URL(`blob.js${search}`, import.meta.url));
const part = (name) => import(new URL(`latent_map/${name}.js${search}`, import.meta.url));
const names = "courier density gestures glide grid group legend lens painter plane points shared theme thumbs tip".split(" ");
const parts = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await part(name)])));
const { Grid, Gestures, Glide, Link, Painter, Plane, Thumbs, Tip, clampZoom, extentOf } = Object.assign({}, ...Object.values(parts));

const REFRESH = 300; // ms after which the rest of the page may follow a hand that let go: done at once, it would swallow a press that follows
const LOOK_RESTS = 400; // ms after which a zoom, a pan or a filter is told: each is a step that the back button takes back
const STILL = 140; // ms after which a look is drawn as finely as the screen can show it
const PICK = 14; // px

const BACK_LASTS = 3000; // ms in which what comes is still the answer to the back button
let backAt = -Infinity;
addEventListener("popstate", () => (backAt = performance.now()));

class LatentMap {
  plane = new Plane();
  lit = null; // the class that the legend points at
  ringed = -1; // the point that is pointed at, here or on a linked map
  path = null; // of a hand that is circling, in map units
  lassoing = false;

  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    for (const name of ["stage", "base", "front", "over", "legend", "spoken", "lasso", "density"]) this[name] = find(`.${name}`);
    this.painter = new Painter(this, this.plane, () => this.scene());
    this.paint = (...layers) => this.painter.paint(...layers);
    this.ending = new AbortController();
    this.tip = new Tip(find(".tip"), () => this.memory.pictures);
    this.gestures = new Gestures(this.over, this, this.ending.signal);
    find(".in").onclick = () => this.zoom(1.5, this.focus());
    find(".out").onclick = () => this.zoom(1 / 1.5, this.focus());
    find(".all").onclick = () => this.showAll();
    this.lasso.onclick = () => this.toggleLasso();
    this.density.onclick = () => this.toggleDensity();
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.stage);
    this.came = () => {
      this.paint("front");
      this.tip.came();
      this.updateLegend();
      this.still(); // there may be more to get
    };
  }

  destroy() {
    for (const timer of [this.pinTimer, this.waitTimer, this.lookTimer, this.stillTimer]) clearTimeout(timer);
    this.ending.abort();
    this.resizing.disconnect();
    this.tip.hide();
    this.glide?.end();
    this.link?.say("hovered", this, null);
    this.link?.say("group", this, null);
    this.link?.members.delete(this);
    this.memory?.pictures.listeners.delete(this.came);
    this.painter.end();
  }

  // --- what Python says

  update(data, { setStateValue }) {
    const memory = parts.shared.memoryOf(data.key);
    memory.pictures.listeners.add(this.came);
    const [x, y, zoom, hidden, density] = data.look;
    const looked = memory.lookStamp !== data.look_stamp;
    if (looked) {
      Object.assign(memory, { lookStamp: data.look_stamp, density, view: zoom ? { x, y, zoom: clampZoom(zoom) } : null });
      memory.hidden.clear();
      for (const i of hidden) memory.hidden.add(i);
      this.legendShown = null;
    }
    if (memory.lassoStamp !== data.lasso_stamp) Object.assign(memory, { lassoStamp: data.lasso_stamp, lasso: data.lasso });
    const placed = memory.stamp !== data.pin_stamp;
    if (placed) {
      memory.stamp = data.pin_stamp;
      if (this.gestures.kind !== "pin") memory.pin = this.sent = data.pin; // a hand on the pin comes first
    }
    Object.assign(this, { memory, tell: setStateValue, theme: parts.theme.themeOf(this.stage) });
    this.take(data);
    this.plane.view = memory.view;
    this.stage.style.setProperty("--height", `${data.height}px`);
    this.over.ariaLabel =
      `Map of ${data.n.toLocaleString("en")} points. Press anywhere to choose a place; arrow keys move it, with shift further; plus and minus zoom, ` +
      "zero shows everything, L circles a group, D shows the density, Escape lets the group go.";
    this.updateLink();
    this.refilter();
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

  /** Reads the arrays of a message; points that have moved may glide to where they are now. */
  take(data) {
    const before = this.data;
    parts.points.unpack(data);
    const extent = extentOf(data);
    this.inks = parts.theme.inksOf(data, this.theme);
    this.data = data;
    const unmoved = before && before.n === data.n && data.xy.every((v, k) => v === before.xy[k]);
    if (unmoved && String(extent) === String(this.extent)) return;
    const from = { xy: this.between ?? before?.xy, extent: this.plane.extent };
    this.glide?.end();
    this.glide = this.between = null;
    Object.assign(this, { extent, grid: new Grid(data.xy, data.n, extent), thumbs: null, field: null });
    this.plane.extent = extent;
    if (!data.glide || before?.n !== data.n || unmoved || !parts.glide.moves()) return;
    this.glide = new Glide(from, { xy: data.xy, extent }, (between, box, done) => {
      this.between = done ? null : between;
      this.plane.extent = box;
      if (done) this.glide = null;
      if (!this.memory.view) this.plane.showAll();
      this.paint("base", "front", "over");
    });
    this.between = from.xy;
  }

  updateLink() {
    const link = this.linkName === this.data.link ? this.link : Link.of(this.data.link);
    if (link === this.link) return;
    this.link?.members.delete(this);
    Object.assign(this, { link, linkName: this.data.link });
    link.members.add(this);
  }

  /** A linked map says what is pointed at or circled there. */
  hear(what) {
    if (what === "group") return this.refilter();
    this.ringed = this.data.numbers.indexOf(this.link.hovered?.number ?? -1);
    this.paint("over");
  }

  updateLegend() {
    const { data, memory } = this;
    const { classes, palette, labels, values, value_name: name, value_range: range, typical } = data;
    const emblems = typical.map((number) => memory.pictures.of(number));
    memory.pictures.want("typical", typical);
    const shown = JSON.stringify([classes, palette, Boolean(labels), Boolean(values), name, range, this.theme.dark, emblems.map(Boolean), typical]);
    if (shown === this.legendShown) return; // leave the chips alone, one may have the focus
    this.legendShown = shown;
    parts.legend.fillLegend(this.legend, {
      data,
      emblems,
      ramp: parts.theme.rampOf(this.theme, data.falling),
      hidden: memory.hidden,
      onFilter: () => {
        this.thumbs = this.field = null;
        this.refilter();
        this.tellLook();
      },
      onLight: (lit) => {
        this.lit = lit;
        this.refilter();
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

  /** How strongly each point is drawn: not at all, faintly, or fully. */
  refilter() {
    const { data, memory, lit } = this;
    const { labels, alight, n, xy } = data;
    const corners = parts.group.cornersOf(memory.lasso);
    const { hidden } = memory;
    const others = this.link.group?.by !== this ? this.link.group?.numbers : null;
    const chosen = corners.length
      ? (i) => parts.group.holds(corners, xy[2 * i], xy[2 * i + 1])
      : others
        ? (i) => others.has(data.numbers[i])
        : alight && ((i) => alight[i] === 1);
    const shown = (i) => !(labels && hidden.has(labels[i]));
    this.strengths = parts.points.strengthsOf(n, {
      shown: labels && hidden.size ? shown : null,
      bright: chosen || (labels && lit !== null) ? (i) => (!chosen || chosen(i)) && (lit === null || labels?.[i] === lit) : null,
    });
    const numbers = corners.length ? new Set(data.numbers.filter((_, i) => shown(i) && chosen(i))) : null;
    this.link.say("group", this, numbers && { numbers });
    this.stage.dataset.inside = numbers?.size ?? "";
    this.lasso.setAttribute("aria-pressed", String(this.lassoing));
    this.density.setAttribute("aria-pressed", String(memory.density));
    this.paint("base", "front", "over");
  }

  resize() {
    const [width, height] = [this.stage.clientWidth, this.stage.clientHeight];
    if (!width || !height || !this.data) return; // in a closed tab, or before the first data
    Object.assign(this.plane, { width, height });
    if (!this.memory.view) this.plane.showAll();
    this.painter.draw(); // at once: a resized canvas is empty
    this.still();
    this.stage.dataset.ready = ""; // shown only now: what is seen can be pressed
  }

  // --- what the person says: see gestures.js
  /** The pin is at a place: the lens sees it after `wait` ms, the page and all of its parts once it is settled. */
  place(point, wait = 0) {
    this.memory.pin = point;
    this.paint("over");
    clearTimeout(this.pinTimer);
    clearTimeout(this.waitTimer);
    const ask = () => this.memory.lens?.want(this.memory.pin.map(rounded));
    if (wait) this.waitTimer = setTimeout(ask, wait);
    else ask();
  }

  settle(wait = REFRESH) {
    clearTimeout(this.pinTimer);
    if (wait === REFRESH && this.memory.pin) {
      clearTimeout(this.waitTimer);
      this.memory.lens?.want(this.memory.pin.map(rounded), true);
      this.sent = null; // what the lens tells the page is not in the address bar yet, even where it is the place from before
    } // else a key may be held
    this.pinTimer = setTimeout(() => this.tellPin(), this.memory.lens ? wait : 0);
  }

  tellPin() {
    const point = this.memory.pin?.map(rounded);
    if (!point || String(point) === String(this.sent)) return;
    this.sent = point;
    this.tell("point", [...point, nextTurn()]);
    const at = this.plane.toScreen(point);
    this.spoken.textContent = parts.tip.describe(this.data, this.plane, at, this.nearest(at)).join(", ");
  }

  trace(point, begins = false) {
    if (begins) this.path = [];
    this.path.push(point);
    this.paint("over");
  }

  untrace() {
    this.path = null;
    this.paint("over");
  }

  circle() {
    const outline = parts.group.outlineOf(this.path, this.plane.width / this.plane.scale);
    this.path = null;
    this.toggleLasso();
    this.group(outline);
  }

  group(outline) {
    const changed = outline !== this.memory.lasso;
    this.memory.lasso = outline;
    this.refilter();
    this.spoken.textContent = outline ? `${this.stage.dataset.inside} inside` : "";
    if (changed) this.tell("lasso", [outline, nextTurn()]);
  }

  toggleLasso() {
    this.lassoing = !this.lassoing;
    this.stage.dataset.lassoing = this.lassoing ? "on" : "";
    this.refilter();
  }

  toggleDensity() {
    this.memory.density = !this.memory.density;
    this.refilter();
    this.tellLook();
  }

  /** Lets go of the mode, else of the group; says whether there was anything. */
  escape() {
    if (this.path) this.untrace();
    else if (this.lassoing) this.toggleLasso();
    else if (this.memory.lasso) this.group("");
    else return false;
    return true;
  }

  hover(at, wait) {
    const i = this.lassoing ? -1 : this.nearest(at);
    this.ring(i);
    this.tip.show(parts.tip.describe(this.data, this.plane, at, i), at, this.plane, i < 0 || !this.data.pictured ? -1 : this.data.numbers[i], wait);
  }

  leave() {
    this.tip.hide();
    this.ring(-1);
  }

  ring(i) {
    if (i === this.ringed) return;
    this.ringed = i;
    this.link.say("hovered", this, i < 0 ? null : { number: this.data.numbers[i] });
    this.paint("over");
  }

  /** The point that is seen at a screen point: as a picture that covers it, else as the nearest dot; -1 where there is none. */
  nearest(at) {
    const { thumbs, pictureOf } = this.scene();
    const [x, y] = this.plane.toMap(at);
    const reach = thumbs ? thumbs.size / 2 / this.plane.scale : 0;
    const covers = (i) => Math.abs(this.data.xy[2 * i] - x) < reach && Math.abs(this.data.xy[2 * i + 1] - y) < reach && pictureOf(i);
    const covering = thumbs?.numbers.find(covers) ?? -1;
    if (covering >= 0) return covering;
    return this.grid.nearest(this.plane.toMap(at), PICK / this.plane.scale, (i) => this.strengths?.[i] !== 0);
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
    this.moving = true;
    this.paint("base", "front", "over");
    this.still();
    this.tellLook();
  }

  /** Draws finely, and gets the pictures of what is in the window, once it rests. */
  still() {
    clearTimeout(this.stillTimer);
    this.stillTimer = setTimeout(() => {
      if (this.gestures.busy) return this.still();
      if (this.moving) this.paint("base");
      this.moving = false;
      const { thumbs } = this.scene();
      if (thumbs) this.memory.pictures.want("window", thumbs.numbers.map((i) => this.data.numbers[i]));
    }, STILL);
  }

  tellLook() {
    clearTimeout(this.lookTimer);
    this.lookTimer = setTimeout(() => {
      if (this.gestures.busy) return this.tellLook();
      const { view, hidden, density } = this.memory;
      const [x, y, zoom] = [view?.x ?? 0, view?.y ?? 0, view?.zoom ?? 0].map((v) => Number(v.toPrecision(5)));
      if (view) this.memory.view = this.plane.view = { x, y, zoom }; // no finer than a link says it
      this.paint("base", "front", "over");
      this.tell("look", [x, y, zoom, [...hidden].sort((a, b) => a - b), density, nextTurn()]);
    }, LOOK_RESTS);
  }

  scene() {
    const { data, memory, strengths, inks, between, theme } = this;
    const shown = (i) => !(data.labels && memory.hidden.has(data.labels[i]));
    if (memory.density) this.field ??= parts.density.fieldOf(data, this.extent, shown);
    if (data.pictured && !between) this.thumbs ??= new Thumbs(this.grid, data.n, shown);
    return {
      ...{ data: between ? { ...data, xy: between } : data, theme, inks, strengths, grid: between ? null : this.grid, order: this.grid.order },
      ...{ bitmap: this.bitmap, field: memory.density && !between ? this.field : null, thumbs: data.pictured && !between ? this.thumbs.at(this.plane) : null },
      ...{ moving: this.moving || Boolean(between), marks: data.marks, pin: memory.pin, ringed: this.ringed, drawing: Boolean(this.path), outline: this.path ?? parts.group.cornersOf(memory.lasso) },
      pictureOf: (i) => memory.pictures.of(data.numbers[i]),
      colourOf: (i) => `rgb(${inks.colors[inks.inkOf[i]]})`,
    };
  }
}

const rounded = (v) => Number(v.toPrecision(6));

export default mounted(LatentMap);
export const lens = mounted(parts.lens.Lens);
export const courier = mounted(parts.courier.Courier);
