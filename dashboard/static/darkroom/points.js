/** The hand that puts colour points on the picture: a button for each, and a popover for the chosen one. */
const MOST = 64;
const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const KEYS_REST = 400; // ms after the last key
const REACH = 16; // px about a point that are its own

export class Points {
  chosen = -1;
  held = false; // a hand is on a point

  /**
   * `memory().points` are [x, y, "#rrggbb"]; `colourAt(place)` gives what the picture shows there, `changed()` tells that a change is complete,
   * `refuse(text)` says why nothing was done.
   */
  constructor(find, { view, memory, colourAt, changed, refuse }) {
    Object.assign(this, { view, memory, colourAt, changed, refuse });
    [this.layer, this.popover, this.picker, this.code] = [".points", ".popover", ".popover input", ".popover code"].map(find);
    this.picker.oninput = () => this.recolour(this.picker.value);
    this.picker.onchange = () => {
      this.recolour(this.picker.value);
      this.changed();
    };
    find(".remove").onclick = () => this.remove();
    this.popover.onkeydown = (event) => event.key === "Escape" && this.choose(-1, true);
  }

  get list() {
    return this.memory().points;
  }

  /** A press on an empty place. */
  add(place) {
    if (place.some((v) => v < 0 || v > 1)) return;
    if (this.list.length >= MOST) return this.refuse(`There is room for ${MOST} points. Remove one first.`);
    this.list.push([...round(place), this.colourAt(place)]);
    this.choose(this.list.length - 1);
    this.changed();
  }

  remove() {
    this.list.splice(this.chosen, 1);
    this.choose(-1);
    this.changed();
  }

  recolour(colour) {
    this.list[this.chosen][2] = colour;
    this.show();
  }

  move(i, place) {
    const [x, y] = round(place.map((v) => Math.min(Math.max(v, 0), 1)));
    this.list[i] = [x, y, this.list[i][2]];
    this.show();
  }

  choose(i, focus = false) {
    const before = this.layer.children[this.chosen];
    this.chosen = i;
    this.show();
    if (focus) before?.focus();
  }

  /** Buttons and popover for the points as they are, where the picture now lies. */
  show() {
    const { list, layer, view } = this;
    if (this.chosen >= list.length) this.chosen = -1;
    while (layer.children.length > list.length) layer.lastChild.remove();
    list.forEach(([x, y, colour], i) => {
      const dot = layer.children[i] ?? layer.appendChild(this.dot(i));
      const [px, py] = view.toStage([x, y]);
      Object.assign(dot.style, { left: `${px}px`, top: `${py}px`, background: colour });
      dot.hidden = px < 0 || py < 0 || px > view.stage[0] || py > view.stage[1];
      dot.ariaLabel = `Colour point ${i + 1} of ${list.length}, ${colour}`;
      dot.setAttribute("aria-pressed", String(i === this.chosen));
    });
    this.popover.hidden = this.chosen < 0 || this.held || layer.hidden || layer.children[this.chosen].hidden;
    if (!this.popover.hidden) this.showPopover(...list[this.chosen]);
  }

  showPopover(x, y, colour) {
    const { popover, view } = this;
    this.picker.value = this.code.textContent = colour;
    this.picker.parentElement.style.background = colour;
    const [px, py] = view.toStage([x, y]);
    const [width, height] = [popover.offsetWidth, popover.offsetHeight];
    const left = Math.min(Math.max(px - width / 2, 6), view.stage[0] - width - 6);
    const top = py - height - REACH > 6 ? py - height - REACH : py + REACH;
    Object.assign(popover.style, { left: `${left}px`, top: `${top}px` });
  }

  dot(i) {
    const dot = Object.assign(document.createElement("button"), { type: "button", title: "Drag to move, press to change the colour" });
    let start = null; // where the hand took it
    dot.onpointerdown = (event) => {
      if (event.button !== 0) return;
      dot.setPointerCapture(event.pointerId);
      const at = this.view.toStage(this.list[i]);
      start = { grip: [event.clientX - at[0], event.clientY - at[1]], was: this.chosen, moved: false, x: event.clientX, y: event.clientY };
      this.chosen = i;
    };
    dot.onpointermove = (event) => {
      if (!start) return;
      start.moved ||= Math.hypot(event.clientX - start.x, event.clientY - start.y) > 3;
      if (!start.moved) return;
      this.held = true;
      this.move(i, this.view.toPicture([event.clientX - start.grip[0], event.clientY - start.grip[1]]));
    };
    dot.onpointerup = dot.onpointercancel = () => {
      if (!start) return;
      const { moved, was } = start;
      start = null;
      this.held = false;
      this.choose(moved || was !== i ? i : -1);
      if (moved) this.changed();
    };
    dot.onclick = (event) => event.detail === 0 && this.choose(this.chosen === i ? -1 : i); // by a key
    dot.onkeydown = (event) => this.type(event, i);
    return dot;
  }

  type(event, i) {
    const step = STEPS[event.key];
    if (step) {
      const [px, py] = this.view.toStage(this.list[i]);
      const far = event.shiftKey ? 10 : 1;
      this.move(i, this.view.toPicture([px + far * step[0], py + far * step[1]]));
      clearTimeout(this.resting); // a key that is held or pressed again is one move
      this.resting = setTimeout(() => this.changed(), KEYS_REST);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      this.chosen = i;
      this.remove();
      this.layer.children[Math.min(i, this.list.length - 1)]?.focus();
    } else if (event.key === "Escape") this.choose(-1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  end() {
    clearTimeout(this.resting);
  }
}

const round = (place) => place.slice(0, 2).map((v) => Number(v.toFixed(5)));
