/** Brings pictures from Python to the map that it follows. `data`: { follows, turn, numbers, columns, side } and one sheet of them. */
const { search } = new URL(import.meta.url);
const { memoryOf } = await import(new URL(`shared.js${search}`, import.meta.url));

export class Courier {
  update(data, { setStateValue }) {
    this.pictures = memoryOf(data.follows).pictures;
    this.pictures.tell = this.tell = setStateValue;
    this.pictures.take(data);
  }

  destroy() {
    if (this.pictures?.tell === this.tell) this.pictures.tell = null;
  }
}
