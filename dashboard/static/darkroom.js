/**
 * A photo before and after, with one divider between the two, on which a hand looks around, paints a mask, presses places or puts colour points.
 * It knows nothing of what is done to photos. The Python side, and what travels, are in components/darkroom/__init__.py.
 *
 * `data`: { key, label, names, size, frame, hand, busy, limit, digests, mask, points, turns } and the pictures before, after, overlay, mask. Told are `mask`:
 * [PNG in base64 or null, turn]; `points`: [[[x, y, "#rrggbb"]], turn]; `picked`: [x, y, turn]; and, as a trigger, `dropped`: [name, base64, turn].
 */
const { search } = new URL(import.meta.url);
const { mounted } = await import(new URL(`blob.js${search}`, import.meta.url));
const part = (name) => import(new URL(`darkroom/${name}.js${search}`, import.meta.url));
const names = ["brush", "divider", "gestures", "intake", "mask", "pictures", "points", "post", "view"];
const [{ Brush }, { Divider }, { Gestures }, { Intake }, { Mask }, { Pictures }, { Points }, { Post }, { View }] = await Promise.all(names.map(part));

const NOTE_LASTS = 7000; // ms
const ARRIVES = 60_000; // ms in which Python should have a picture that was dropped
const BESIDE = 76; // px that a label needs on its side of the divider
const ARROWS = { ArrowLeft: [1, 0], ArrowRight: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
const HINTS = {
  look: "Drop or paste a picture to open it",
  mask: "",
  pick: "Press a part of the picture",
  points: "Press the picture to put down a colour",
};
const KEYS = "Plus and minus zoom, zero shows all of it, one its own pixels, arrow keys move it.";

const memories = new Map(); // key -> what outlives the element: view, divider, mask, points, and when Python last put these there

class Darkroom {
  pictures = new Pictures();
  sent = { mask: 0, points: 0, dropped: 0 }; // the turns of what was told last
  original = false; // the whole picture before is shown

  constructor(parent) {
    const find = (selector) => parent.querySelector(selector);
    for (const name of ["darkroom", "stage", "corner.left", "corner.right", "divider", "busy", "note", "zoom", "hint", "hold"]) this[name] = find(`.${name}`);
    [this.canvas, this.tools] = [find("canvas"), find(".group.brush")];
    this.view = new View();
    const shared = { view: this.view, memory: () => this.memory };
    const refuse = (text) => this.say(text);
    this.post = new Post(() => this.showBusy());
    this.gestures = new Gestures(this.canvas, {
      view: this.view,
      looked: () => this.paint(),
      begin: (at, event) => this.begin(at, event),
      hover: (at, event) => this.brush.hover(this.hand === "mask" && (event.pointerType === "mouse" || this.gestures.busy) ? at : null),
    });
    this.line = new Divider(this.divider, { ...shared, moved: () => this.paint() });
    this.brush = new Brush(find, { ...shared, seen: () => this.paint(), changed: () => this.tellMask() });
    this.points = new Points(find, {
      ...shared,
      refuse,
      colourAt: (place) => this.pictures.colourAt("before", place),
      changed: () => this.tellPoints(),
    });
    this.intake = new Intake(this.darkroom, find(".veil"), {
      refuse,
      limit: () => this.data.limit,
      reading: (name) => this.say(`Reading ${name}…`, ARRIVES, () => this.say("The picture did not arrive. Try again.")),
      taken: (name, content) => this.tellDropped(name, content),
    });
    this.listen(find);
    this.resizing = new ResizeObserver(() => this.resize());
    this.resizing.observe(this.stage);
    // Streamlit fades what waits for a new run; a picture is to be looked at all the time.
    parent.getRootNode().host?.closest("[data-testid=stElementContainer]")?.style.setProperty("opacity", "1");
  }

  listen(find) {
    find(".in").onclick = () => this.zoomBy(1.5);
    find(".out").onclick = () => this.zoomBy(1 / 1.5);
    this.zoom.onclick = () => this.toggle();
    this.canvas.oncontextmenu = (event) => this.hand === "mask" && event.preventDefault();
    this.canvas.onkeydown = (event) => this.type(event);
    this.canvas.ondblclick = (event) => {
      if (this.hand === "look") this.toggle(this.gestures.locate(event)); // elsewhere these were two presses
    };
    this.darkroom.onkeydown = (event) => {
      if (this.hand !== "mask" || !this.brush.type(event)) return;
      event.preventDefault();
      event.stopPropagation(); // the page has shortcuts of its own
    };
    const compare = (original) => {
      this.original = original;
      this.hold.setAttribute("aria-pressed", String(original));
      this.paint();
    };
    this.hold.onpointerdown = () => compare(true);
    this.hold.onpointerup = this.hold.onpointerleave = this.hold.onpointercancel = this.hold.onblur = () => compare(false);
    this.hold.oncontextmenu = (event) => event.preventDefault(); // a long touch
    const isPress = (event) => event.key === " " || event.key === "Enter";
    this.hold.onkeydown = (event) => isPress(event) && compare(true);
    this.hold.onkeyup = (event) => isPress(event) && compare(false);
  }

  // --- what Python says

  update(data, { setStateValue, setTriggerValue }) {
    Object.assign(this, { data, setStateValue, setTriggerValue, hand: data.hand });
    if (!memories.has(data.key)) memories.set(data.key, { share: 0.5, width: 60, points: [], look: { size: data.size } });
    const memory = memories.get(data.key);
    if (memory !== this.memory) Object.assign(this.view, memory.look);
    this.memory = memory;
    this.stage.style.aspectRatio = data.size.join(" / ");
    this.stage.dataset.hand = data.hand;
    this.canvas.ariaLabel = [data.label, HINTS[data.hand], KEYS].filter(Boolean).join(". ");
    this.hint.textContent = HINTS[data.hand];
    this.tools.hidden = data.hand !== "mask";
    if (data.hand !== "mask") this.brush.hover(null);
    this.points.layer.hidden = data.hand !== "points";
    this.showBusy();
    this.takeMask();
    this.takePoints();
    this.takePictures();
    if (this.sent.dropped && data.turns.dropped >= this.sent.dropped) {
      this.sent.dropped = 0;
      this.hush();
    }
    this.post.answered(data.turns);
    this.resize();
  }

  /** Whether what Python says about `name` is older than what was told last. */
  overtaken(name) {
    return this.sent[name] > this.data.turns[name];
  }

  async takeMask() {
    const { memory, data } = this;
    const [width, height] = data.frame;
    if (memory.mask?.canvas.width !== width || memory.mask.canvas.height !== height) memory.mask = new Mask(width, height);
    const { mask } = memory;
    if (memory.maskStamp === data.mask) return this.brush.show();
    memory.maskStamp = data.mask;
    if (this.overtaken("mask")) return;
    const told = this.sent.mask;
    const bitmap = data.parts[3].length ? await createImageBitmap(new Blob([data.parts[3]])) : null;
    // A hand that came meanwhile comes first.
    if (this.brush.stroke || this.sent.mask !== told || memory.mask !== mask || memory.maskStamp !== data.mask) return;
    if (bitmap) mask.load(bitmap);
    else mask.reset();
    this.brush.show();
    this.paint();
  }

  takePoints() {
    const { memory, data } = this;
    const [stamp, points] = data.points;
    if (memory.pointsStamp === stamp) return;
    memory.pointsStamp = stamp;
    if (!this.points.held && !this.overtaken("points")) memory.points = points;
  }

  async takePictures() {
    const { digests, parts } = this.data;
    const wanted = Object.fromEntries(["before", "after", "overlay"].map((name, i) => [name, [digests[i], parts[i]]]));
    try {
      if (await this.pictures.take(wanted)) this.paint();
    } catch {
      this.say("The picture cannot be shown.");
    }
  }

  resize() {
    const stage = [this.stage.clientWidth, this.stage.clientHeight];
    if (!stage[0] || !stage[1] || !this.data) return; // in a closed tab, or before the first data
    this.view.place(stage, this.data.size);
    const [width, height] = stage.map((v) => Math.round(v * devicePixelRatio));
    if (this.canvas.width !== width || this.canvas.height !== height) Object.assign(this.canvas, { width, height });
    this.draw(); // at once: a resized canvas is empty
  }

  // --- what the person says

  begin(at, event) {
    this.stage.dataset.pressed = ""; // no focus ring for a hand, only for the keyboard
    if (this.hand === "mask") return event.button === 0 || event.button === 2 ? this.brush.begin(at, event) : null;
    if (this.hand === "pick") return this.gestures.press(at, event, () => this.tellPicked(this.view.toPicture(at)));
    if (this.hand === "points") return this.gestures.press(at, event, () => this.points.add(this.view.toPicture(at)));
    return null;
  }

  type(event) {
    delete this.stage.dataset.pressed;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "+" || event.key === "=") this.zoomBy(1.25);
    else if (event.key === "-") this.zoomBy(0.8);
    else if (event.key === "0" || event.key === "1") this.zoomBy(event.key === "0" ? 0 : this.view.actual / this.view.zoom);
    else if (event.key in ARROWS && this.view.zoom > 1) {
      this.view.pan(...ARROWS[event.key].map((v) => 40 * v));
      this.paint();
    } else if (event.key === "Delete" && this.points.chosen >= 0) this.points.remove();
    else if (event.key === "Escape") this.points.choose(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  zoomBy(factor, at) {
    this.view.zoomBy(factor, at);
    this.paint();
  }

  toggle(at) {
    this.view.toggle(at);
    this.paint();
  }

  tellMask() {
    const { mask } = this.memory;
    const png = mask.empty ? null : mask.png();
    this.sent.mask = this.post.send("mask", (turn) => this.setStateValue("mask", [png, turn]));
  }

  tellPoints() {
    const points = this.memory.points.map((point) => [...point]);
    this.sent.points = this.post.send("points", (turn) => this.setStateValue("points", [points, turn]));
  }

  tellPicked(place) {
    if (place.some((v) => v < 0 || v > 1)) return;
    const [x, y] = place.map((v) => Number(v.toFixed(5)));
    this.post.send("picked", (turn) => this.setStateValue("picked", [x, y, turn]), { each: true });
  }

  /** A trigger, which Streamlit sends once: a state would travel with everything that is told later. */
  tellDropped(name, content) {
    this.sent.dropped = this.post.send("dropped", (turn) => this.setTriggerValue("dropped", [name, content, turn]));
  }

  /** Shows a note; `then()` follows unless another one does. */
  say(text, lasts = NOTE_LASTS, then = () => this.hush()) {
    this.hush();
    Object.assign(this.note, { textContent: text, hidden: false });
    this.saying = setTimeout(then, lasts);
  }

  /** A thin line while Python works: said by the page, or awaited after a change here. */
  showBusy() {
    const { busy } = this.data;
    this.busy.hidden = !busy && !this.post.pending;
    Object.assign(this.busy.lastChild, { textContent: busy, hidden: !busy });
  }

  hush() {
    clearTimeout(this.saying);
    this.note.hidden = true;
  }

  // --- what is seen

  paint() {
    this.frame ??= requestAnimationFrame(() => this.draw());
  }

  draw() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
    const { view, memory, hand } = this;
    if (!view.stage[0] || !memory) return;
    memory.look = { size: view.size, zoom: view.zoom, centre: view.centre };
    const divided = this.pictures.differ && !this.original;
    this.divider.hidden = !divided;
    this.hold.hidden = !this.pictures.differ;
    this.line.show();
    this.points.show();
    this.zoom.textContent = view.zoom === 1 ? "Fit" : `${Math.round((100 * view.zoom) / view.actual)}%`;
    this.canvas.style.touchAction = view.zoom === 1 && hand !== "mask" ? "pan-y" : "none"; // a finger may scroll the page past a whole picture
    this.stage.toggleAttribute("data-near", view.zoom > 1);
    const line = divided ? this.line.at() : this.original ? view.stage[0] : 0;
    this.showCorners(line, divided);
    const masked = hand === "mask" || hand === "pick";
    const layers = [this.pictures.bitmap("overlay"), masked && memory.mask.canvas];
    this.pictures.paint(this.canvas, view, line, this.original ? [] : layers);
    this.stage.dataset.ready = "";
  }

  showCorners(line, divided) {
    const [left, top, width, height] = this.view.seen();
    const [before, after] = [this["corner.left"], this["corner.right"]];
    [before.textContent, after.textContent] = this.data.names;
    before.hidden = !this.original && (!divided || line - left < BESIDE);
    after.hidden = !divided || left + width - line < BESIDE;
    const bottom = `${this.view.stage[1] - top - height + 10}px`;
    Object.assign(before.style, { left: `${left + 10}px`, bottom });
    Object.assign(after.style, { right: `${this.view.stage[0] - left - width + 10}px`, bottom });
  }

  destroy() {
    clearTimeout(this.saying);
    cancelAnimationFrame(this.frame);
    this.resizing.disconnect();
    for (const one of [this.post, this.intake, this.points]) one.end();
  }
}

export default mounted(Darkroom);
