/** Where things are: a plane seen through a window, with the same scale on both axes and y upwards. No drawing here. */
const ZOOM_LIMITS = [0.5, 80]; // against the view that shows everything
const MARGIN = 0.07; // of the shorter side, around the extent at zoom 1

export const clamp = (v, low, high) => Math.min(Math.max(v, low), high);
export const clampZoom = (zoom) => clamp(zoom, ...ZOOM_LIMITS);

export class Plane {
  extent = [-1, -1, 1, 1]; // x0, y0, x1, y1 of what zoom 1 shows
  view = null; // { x, y, zoom }: the middle of the window in map units; null until something was looked at
  width = 0; // of the window, in CSS pixels
  height = 0;

  /** CSS pixels in a map unit. */
  get scale() {
    const [x0, y0, x1, y1] = this.extent;
    const margin = 2 * MARGIN * Math.min(this.width, this.height);
    return this.view.zoom * Math.min((this.width - margin) / (x1 - x0), (this.height - margin) / (y1 - y0));
  }

  showAll() {
    const [x0, y0, x1, y1] = this.extent;
    this.view = { x: (x0 + x1) / 2, y: (y0 + y1) / 2, zoom: 1 };
  }

  pan(dx, dy) {
    this.view = { ...this.view, x: this.view.x - dx / this.scale, y: this.view.y + dy / this.scale };
  }

  canZoom(factor) {
    return clampZoom(this.view.zoom * factor) !== this.view.zoom;
  }

  /** Zooms while the place under the screen point `at` stays where it is. */
  zoom(factor, at = [this.width / 2, this.height / 2]) {
    const held = this.toMap(at);
    this.view = { ...this.view, zoom: clampZoom(this.view.zoom * factor) };
    const [px, py] = this.toScreen(held);
    this.pan(at[0] - px, at[1] - py);
  }

  /** The screen point inside the window that is nearest to a place. */
  nearestTo(place, margin = 0) {
    const [px, py] = this.toScreen(place);
    return [clamp(px, margin, this.width - margin), clamp(py, margin, this.height - margin)];
  }

  holds(place, margin = 0) {
    return String(this.nearestTo(place, margin)) === String(this.toScreen(place));
  }

  /** Pans just so far that a place is inside the window. */
  reveal(place, margin = 24) {
    const [[px, py], [nx, ny]] = [this.toScreen(place), this.nearestTo(place, margin)];
    this.pan(nx - px, ny - py);
  }

  centre([x, y]) {
    this.view = { ...this.view, x, y };
  }

  toMap([px, py]) {
    return [this.view.x + (px - this.width / 2) / this.scale, this.view.y - (py - this.height / 2) / this.scale];
  }

  toScreen([x, y]) {
    return [this.width / 2 + (x - this.view.x) * this.scale, this.height / 2 - (y - this.view.y) * this.scale];
  }

  /** The smallest of 1, 2, 5 times a power of ten that puts grid lines at least `apart` pixels from each other. */
  step(apart = 72) {
    const least = apart / this.scale;
    const power = 10 ** Math.floor(Math.log10(least));
    return power * [1, 2, 5, 10].find((factor) => factor * power >= least);
  }

  /** How many decimals tell two neighbouring grid lines apart. */
  get decimals() {
    return clamp(-Math.floor(Math.log10(this.step()) + 1e-9), 0, 8);
  }
}

/** Holds 99 % of the points on each axis, and the picture below them where there is one. */
export function extentOf({ xy, n, background_extent: picture }) {
  const [x0, x1] = middle(xy, n, 0);
  const [y0, y1] = middle(xy, n, 1);
  if (!picture) return [x0, y0, x1, y1];
  if (!n) return picture;
  return [Math.min(x0, picture[0]), Math.min(y0, picture[1]), Math.max(x1, picture[2]), Math.max(y1, picture[3])];
}

function middle(xy, n, axis) {
  if (!n) return [-1, 1];
  const sorted = Float32Array.from({ length: n }, (_, i) => xy[2 * i + axis]).sort();
  const [low, high] = [sorted[Math.floor(0.005 * (n - 1))], sorted[Math.ceil(0.995 * (n - 1))]];
  const pad = high - low > 1e-6 * (1 + Math.abs(high)) ? 0 : 1; // all points in one place still make a map
  return [low - pad, high + pad];
}
