/** The pictures of a darkroom: decoded once each, and drawn where the view says. */
const HARD = 3; // CSS pixels for one of a picture's, from which these are shown as squares

export class Pictures {
  shown = {}; // name -> { digest, bitmap }
  decoding = new Map(); // digest -> the promise of a bitmap, for what was wanted last

  /**
   * Shows the `wanted` pictures, { name: [digest, bytes] }, together once all are decoded; the newest wins, whichever is decoded first. Gives whether
   * they are shown now.
   */
  async take(wanted) {
    const known = this.decoding;
    const latest = (this.decoding = new Map());
    for (const [digest, bytes] of Object.values(wanted)) {
      if (digest) latest.set(digest, latest.get(digest) ?? known.get(digest) ?? createImageBitmap(new Blob([bytes])));
    }
    const bitmaps = await Promise.all(Object.values(wanted).map(([digest]) => latest.get(digest)));
    if (latest !== this.decoding) return false;
    const had = Object.values(this.shown);
    this.shown = Object.fromEntries(Object.entries(wanted).map(([name, [digest]], i) => [name, { digest, bitmap: bitmaps[i] }]));
    for (const { bitmap } of had) if (bitmap && !bitmaps.includes(bitmap)) bitmap.close();
    return true;
  }

  /** Whether there are two pictures to hold against each other. */
  get differ() {
    return this.shown.before?.digest !== this.shown.after?.digest;
  }

  bitmap(name) {
    return this.shown[name]?.bitmap;
  }

  /** Draws before up to `line` (px from the left) and after beyond it, and over both the `layers`. */
  paint(canvas, view, line, layers) {
    const context = canvas.getContext("2d");
    const density = canvas.width / view.stage[0];
    const [width, height] = view.stage;
    context.setTransform(density, 0, 0, density, 0, 0);
    context.clearRect(0, 0, width, height);
    context.imageSmoothingQuality = "high";
    const draw = (picture, from, to, soft = false) => {
      if (!picture || from >= to) return;
      context.save();
      context.beginPath();
      context.rect(from, 0, to - from, height);
      context.clip();
      context.imageSmoothingEnabled = soft || view.rect()[2] / picture.width < HARD;
      context.drawImage(picture, ...view.rect());
      context.restore();
    };
    draw(this.bitmap("before"), 0, line);
    draw(this.bitmap("after"), line, width);
    for (const picture of layers) draw(picture, 0, width, true);
  }

  /** The colour "#rrggbb" of a picture at a place [x, y] in shares. */
  colourAt(name, [x, y]) {
    const bitmap = this.bitmap(name);
    if (!bitmap) return "#808080";
    const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
    const at = (share, side) => Math.min(Math.floor(share * side), side - 1);
    context.drawImage(bitmap, at(x, bitmap.width), at(y, bitmap.height), 1, 1, 0, 0, 1, 1);
    const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
    return `#${[r, g, b].map((v) => v.toString(16).padStart(2, "0")).join("")}`;
  }
}
