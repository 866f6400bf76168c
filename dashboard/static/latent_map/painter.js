/** When which layer is painted: in the next frame, and coarsely while a hand moves more points than a frame has time for. */
const { search } = new URL(import.meta.url);
const part = (name) => import(new URL(`${name}.js${search}`, import.meta.url));
const [{ paintBase }, { paintFront }, { paintOver }] = await Promise.all(["base", "front", "over"].map(part));
const BUDGET = 8; // ms that the points may take in a frame
export const LAYERS = ["base", "front", "over"];

export class Painter {
  stale = new Set(); // layers to paint in the next frame
  cost = 0; // ms that the points took when they were last drawn finely

  /** `scene()` gives what is to be seen; `moving` in it says that the next frame will be another. */
  constructor(canvases, plane, scene) {
    Object.assign(this, { canvases, plane, scene });
  }

  paint(...layers) {
    for (const layer of layers) this.stale.add(layer);
    this.frame ??= requestAnimationFrame(() => this.draw([...this.stale]));
  }

  draw(layers = LAYERS) {
    this.end();
    this.stale.clear();
    if (!this.plane.width) return;
    const scene = this.scene();
    const { base, front, over } = this.canvases;
    const fine = devicePixelRatio;
    if (layers.includes("base")) {
      const resolution = scene.moving && this.cost > BUDGET ? Math.min(fine, 1) : fine;
      const began = performance.now();
      paintBase(base, this.plane, scene, resolution);
      if (resolution === fine) this.cost = performance.now() - began;
    }
    if (layers.includes("front")) paintFront(front, this.plane, scene, fine);
    if (layers.includes("over")) paintOver(over, this.plane, scene, fine);
  }

  end() {
    cancelAnimationFrame(this.frame);
    this.frame = null;
  }
}
