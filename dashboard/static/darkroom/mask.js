/** A mask of 8 bits a pixel that is painted on. It knows nothing of hands, and shows itself as a canvas: a red film within a white line. */
const FILM = 0x4628f0; // blue, green, red
const LINE = 0xd0ffffff; // opacity, blue, green, red: on a red picture it is what is seen
const HALF = 128;
const HARDNESS = 0.6; // share of the radius from which the brush fades
const STEPS_BACK = 20;

export class Mask {
  past = [];

  constructor(width, height) {
    this.canvas = Object.assign(document.createElement("canvas"), { width, height });
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.values = new Uint8Array(width * height);
  }

  get empty() {
    return !this.values.some(Boolean);
  }

  /** Keeps what there is, for `undo`. */
  keep() {
    this.past.push(this.values.slice());
    if (this.past.length > STEPS_BACK) this.past.shift();
  }

  undo() {
    if (!this.past.length) return false;
    this.values = this.past.pop();
    this.show();
    return true;
  }

  /** A stroke of a round brush from place to place, both [x, y] in the mask's pixels. Where it crosses itself, or an older one, nothing adds up. */
  stroke([x0, y0], [x1, y1], radius, erase) {
    const { width, height } = this.canvas;
    const [dx, dy] = [x1 - x0, y1 - y0];
    const long = dx * dx + dy * dy || 1;
    const core = HARDNESS * radius;
    const [left, right] = bounds(x0, x1, radius, width);
    const [top, bottom] = bounds(y0, y1, radius, height);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
        const along = Math.min(Math.max((px * dx + py * dy) / long, 0), 1);
        const far = Math.hypot(px - along * dx, py - along * dy);
        if (far >= radius) continue;
        const t = far <= core ? 1 : (radius - far) / (radius - core);
        const touch = Math.round(255 * t * t * (3 - 2 * t));
        const at = y * width + x;
        this.values[at] = erase ? Math.min(this.values[at], 255 - touch) : Math.max(this.values[at], touch);
      }
    }
    this.show(left, top, right, bottom);
  }

  clear() {
    this.values.fill(0);
    this.show();
  }

  /** Empty, and nothing to undo. */
  reset() {
    this.past = [];
    this.clear();
  }

  invert() {
    this.values = this.values.map((value) => 255 - value);
    this.show();
  }

  /** Takes over a grey picture, scaled to this mask. */
  load(bitmap) {
    const { width, height } = this.canvas;
    this.past = [];
    this.context.clearRect(0, 0, width, height);
    this.context.drawImage(bitmap, 0, 0, width, height);
    const { data } = this.context.getImageData(0, 0, width, height);
    this.values = this.values.map((_, i) => Math.round((data[4 * i] * data[4 * i + 3]) / 255));
    this.show();
  }

  /** Brings a part of the canvas up to the values. */
  show(left = 0, top = 0, right = this.canvas.width, bottom = this.canvas.height) {
    [left, top] = [Math.max(left - 1, 0), Math.max(top - 1, 0)]; // the line of what lies beside it may change
    [right, bottom] = [Math.min(right + 1, this.canvas.width), Math.min(bottom + 1, this.canvas.height)];
    if (left >= right || top >= bottom) return;
    const image = new ImageData(right - left, bottom - top);
    const pixels = new Uint32Array(image.data.buffer); // little-endian: the opacity is the highest byte
    for (let y = top, at = 0; y < bottom; y++) {
      for (let x = left; x < right; x++) pixels[at++] = this.onLine(x, y) ? LINE : FILM | ((this.values[y * this.canvas.width + x] >> 1) << 24);
    }
    this.context.putImageData(image, left, top);
  }

  /** Whether a pixel is the last that is selected, on any side. */
  onLine(x, y) {
    const { width, height } = this.canvas;
    const { values } = this;
    const at = y * width + x;
    if (values[at] < HALF) return false;
    return (
      (x > 0 && values[at - 1] < HALF) ||
      (x < width - 1 && values[at + 1] < HALF) ||
      (y > 0 && values[at - width] < HALF) ||
      (y < height - 1 && values[at + width] < HALF)
    );
  }

  /** The mask as a PNG in base64: grey, opaque. */
  png() {
    const { width, height } = this.canvas;
    const sheet = Object.assign(document.createElement("canvas"), { width, height });
    const image = new ImageData(width, height);
    new Uint32Array(image.data.buffer).set(Uint32Array.from(this.values, (value) => 0xff000000 | (value * 0x010101)));
    sheet.getContext("2d", { willReadFrequently: true }).putImageData(image, 0, 0);
    return sheet.toDataURL("image/png").split(",")[1];
  }
}

/** The first pixel that a stroke may touch along an axis, and the one after the last. */
function bounds(from, to, radius, end) {
  const [low, high] = [Math.min(from, to) - radius, Math.max(from, to) + radius];
  return [Math.max(Math.floor(low), 0), Math.min(Math.ceil(high), end)];
}
