/**
 * A sheet of pictures, each a button. `data`: { columns, narrowest, count, across, label, names, captions, selected }, and one
 * picture that holds them all, `across` in a row; without `columns`, as many stand in a row as fit. A press is told as `picked`: [number, turn].
 */
const { mounted, nextTurn } = await import(new URL(`blob.js${new URL(import.meta.url).search}`, import.meta.url));

class PictureGrid {
  constructor(parent) {
    this.grid = parent.querySelector(".grid");
    this.grid.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      this.mark(Number(button.dataset.number));
      this.tell("picked", [Number(button.dataset.number), nextTurn()]);
    });
    this.grid.addEventListener("keydown", (event) => this.walk(event));
  }

  update(data, { setStateValue }) {
    this.tell = setStateValue;
    const { columns, narrowest, count, across, label, names, captions, selected, parts } = data;
    this.grid.ariaLabel = label;
    this.grid.style.setProperty("--columns", columns || `auto-fill`);
    this.grid.style.setProperty("--narrowest", `${narrowest}px`);
    URL.revokeObjectURL(this.address);
    this.address = URL.createObjectURL(new Blob([parts[0]]));
    const rows = Math.ceil(count / across);
    while (this.grid.children.length > count) this.grid.lastChild.remove();
    for (let i = 0; i < count; i++) {
      const button = this.grid.children[i] ?? this.grid.appendChild(cell(i));
      const [picture, caption] = button.children;
      button.ariaLabel = button.title = names[i];
      picture.style.backgroundImage = `url(${this.address})`;
      picture.style.backgroundSize = `${100 * across}% ${100 * rows}%`;
      const [x, y] = [i % across, Math.floor(i / across)];
      picture.style.backgroundPosition = `${across > 1 ? (100 * x) / (across - 1) : 0}% ${rows > 1 ? (100 * y) / (rows - 1) : 0}%`;
      caption.textContent = captions[i] ?? "";
      caption.hidden = !captions.length;
    }
    this.mark(selected);
  }

  mark(number) {
    [...this.grid.children].forEach((button, i) => {
      button.setAttribute("aria-pressed", String(i === number));
      button.tabIndex = i === Math.max(number, 0) ? 0 : -1; // one stop on the way through the page; arrows lead on from there
    });
  }

  walk(event) {
    const columns = getComputedStyle(this.grid).gridTemplateColumns.split(" ").length;
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[event.key];
    const from = [...this.grid.children].indexOf(event.target.closest("button"));
    if (!step || from < 0) return;
    this.grid.children[from + step]?.focus();
    event.preventDefault();
  }

  destroy() {
    URL.revokeObjectURL(this.address);
  }
}

function cell(number) {
  const button = document.createElement("button");
  button.type = "button";
  button.dataset.number = number;
  button.append(document.createElement("i"), document.createElement("span"));
  return button;
}

export default mounted(PictureGrid);
