/** Where the picture lies on its stage: zoom and pan. Places on the stage are [px, py] in CSS pixels, on the picture [x, y] in shares of its sides. */
const MOST = 8; // screen pixels for one of the picture's
const LEAST = 4; // times that a picture can be enlarged, however small it is

const clamp = (v, low, high) => Math.min(Math.max(v, low), high);

export class View {
  zoom = 1; // 1: the whole picture is seen
  centre = [0.5, 0.5]; // of the picture, in the middle of the stage
  stage = [0, 0];
  size = [1, 1]; // of the picture, in its own pixels

  /** CSS pixels for one pixel of the picture. */
  get scale() {
    return this.zoom * this.fitted;
  }

  get fitted() {
    return Math.min(this.stage[0] / this.size[0], this.stage[1] / this.size[1]);
  }

  /** The zoom at which a pixel of the picture is one of the screen. */
  get actual() {
    return 1 / (this.fitted * devicePixelRatio);
  }

  get most() {
    return Math.max(MOST * this.actual, LEAST);
  }

  /** Takes a new stage or picture; one of another shape is shown as a whole. */
  place(stage, size) {
    const shape = ([width, height]) => width / height;
    if (Math.abs(shape(size) / shape(this.size) - 1) > 0.02) this.fit();
    Object.assign(this, { stage, size });
    this.zoom = Math.min(this.zoom, this.most);
    this.keep();
  }

  fit() {
    [this.zoom, this.centre] = [1, [0.5, 0.5]];
  }

  /** From the whole picture to its own pixels about a place (a small picture: twice as large), and back. */
  toggle(at) {
    if (this.zoom > 1) this.fit();
    else this.zoomBy(Math.max(this.actual, 2), at);
  }

  /** Left, top, width and height of the picture on the stage. */
  rect() {
    const { stage, size, scale, centre } = this;
    const [width, height] = size.map((v) => v * scale);
    return [stage[0] / 2 - centre[0] * width, stage[1] / 2 - centre[1] * height, width, height];
  }

  /** The same of the part that is seen. */
  seen() {
    const [left, top, width, height] = this.rect();
    const [x, y] = [Math.max(left, 0), Math.max(top, 0)];
    return [x, y, Math.min(left + width, this.stage[0]) - x, Math.min(top + height, this.stage[1]) - y];
  }

  toPicture([px, py]) {
    const [left, top, width, height] = this.rect();
    return [(px - left) / width, (py - top) / height];
  }

  toStage([x, y]) {
    const [left, top, width, height] = this.rect();
    return [left + x * width, top + y * height];
  }

  canZoom(factor) {
    return factor > 1 ? this.zoom < this.most : this.zoom > 1;
  }

  /** Zooms about a place of the stage, which stays where it is. */
  zoomBy(factor, at = this.stage.map((v) => v / 2)) {
    const held = this.toPicture(at);
    this.zoom = clamp(this.zoom * factor, 1, this.most);
    const now = this.toStage(held);
    this.pan(at[0] - now[0], at[1] - now[1]);
  }

  pan(dx, dy) {
    const [, , width, height] = this.rect();
    this.centre = [this.centre[0] - dx / width, this.centre[1] - dy / height];
    this.keep();
  }

  /** No empty margin where the picture is larger than the stage, and the same on both sides where it is smaller. */
  keep() {
    const [, , ...sides] = this.rect();
    this.centre = this.centre.map((at, i) => {
      const half = this.stage[i] / 2 / sides[i];
      return half >= 0.5 ? 0.5 : clamp(at, half, 1 - half);
    });
  }
}
