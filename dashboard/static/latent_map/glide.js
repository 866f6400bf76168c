/** Points on their way from where they were to where they are. */
const LASTS = 400; // ms

export class Glide {
  /** `step(xy, extent, done)` is called at each frame. */
  constructor(from, to, step) {
    const began = performance.now();
    const xy = new Float32Array(to.xy.length);
    const run = (now) => {
      const gone = Math.min(Math.max((now - began) / LASTS, 0), 1);
      const share = gone * gone * (3 - 2 * gone);
      for (let k = 0; k < xy.length; k++) xy[k] = from.xy[k] + share * (to.xy[k] - from.xy[k]);
      const extent = to.extent.map((end, k) => from.extent[k] + share * (end - from.extent[k]));
      if (gone < 1) this.frame = requestAnimationFrame(run);
      step(gone < 1 ? xy : to.xy, gone < 1 ? extent : to.extent, gone === 1);
    };
    this.frame = requestAnimationFrame(run);
  }

  end() {
    cancelAnimationFrame(this.frame);
  }
}

/** Whether this person wants things to glide at all. */
export const moves = () => !matchMedia("(prefers-reduced-motion: reduce)").matches;
