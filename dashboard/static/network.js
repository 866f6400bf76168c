/**
 * A network as a diagram. `data`: { label, selected, items }, and a picture for each item. An item is a layer, { part, short, name,
 * shape, from, to } with its heights left and right in (0, 1], or what stands between the parts, { name, shape }.
 * A press on a layer is told as `picked`: [number, turn]; layers are counted alone.
 */
const { mounted, nextTurn } = await import(new URL(`blob.js${new URL(import.meta.url).search}`, import.meta.url));

const SVG = "http://www.w3.org/2000/svg";

class Network {
  constructor(parent) {
    this.frame = parent.querySelector(".frame");
    this.row = parent.querySelector(".network");
    this.row.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      this.mark(Number(button.dataset.number));
      this.tell("picked", [Number(button.dataset.number), nextTurn()]);
    });
    this.row.addEventListener("keydown", (event) => this.walk(event));
  }

  update(data, { setStateValue }) {
    this.tell = setStateValue;
    const { label, items, selected, parts } = data;
    this.row.ariaLabel = label;
    const outline = JSON.stringify(items);
    if (outline !== this.outline) this.build(items);
    this.outline = outline;
    this.forget();
    this.addresses = parts.map((bytes) => URL.createObjectURL(new Blob([bytes])));
    this.row.querySelectorAll("img").forEach((picture, i) => (picture.src = this.addresses[i]));
    this.mark(selected);
  }

  build(items) {
    let [number, part] = [0, ""];
    this.row.replaceChildren(
      ...items.map((item) => {
        const layer = "short" in item;
        const cell = layer ? named("button", "item") : named("div", "item station");
        const heading = named("span", "part");
        if (layer && item.part !== part) heading.textContent = part = item.part;
        const shape = named("span", "shape");
        const picture = named("img");
        picture.alt = layer ? "" : item.name;
        if (layer) shape.append(hull(item.from, item.to));
        shape.append(picture);
        const [title, size] = [named("b"), named("span", "size")];
        title.textContent = layer ? item.short : item.name;
        size.textContent = item.shape;
        cell.append(heading, shape, title, size);
        if (layer) {
          cell.type = "button";
          cell.dataset.number = number++;
          cell.title = `${item.name}: gives ${item.shape}`;
          cell.ariaLabel = `${item.part}, ${cell.title}`;
        }
        return cell;
      }),
    );
  }

  mark(number) {
    for (const button of this.layers()) {
      const chosen = Number(button.dataset.number) === number;
      button.setAttribute("aria-pressed", String(chosen));
      button.tabIndex = chosen ? 0 : -1; // one stop on the way through the page; arrows lead on from there
      if (chosen && number !== this.shown) this.bringIntoSight(button);
    }
    this.shown = number;
  }

  bringIntoSight(button) {
    const { offsetLeft: left, offsetWidth: width } = button;
    const { scrollLeft, clientWidth } = this.frame;
    if (left < scrollLeft || left + width > scrollLeft + clientWidth) this.frame.scrollLeft = left - (clientWidth - width) / 2;
  }

  layers() {
    return [...this.row.querySelectorAll("button")];
  }

  walk(event) {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const layers = this.layers();
    const from = layers.indexOf(event.target.closest("button"));
    if (!step || from < 0) return;
    layers[from + step]?.focus();
    event.preventDefault();
  }

  forget() {
    this.addresses?.forEach((address) => URL.revokeObjectURL(address));
  }

  destroy() {
    this.forget();
  }
}

function named(kind, classes = "") {
  const element = document.createElement(kind);
  element.className = classes;
  return element;
}

/** A layer's outline: as high on its left as what comes in is much, and on its right as what goes out. */
function hull(from, to) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 100 100");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const outline = document.createElementNS(SVG, "polygon");
  const [left, right] = [50 * from, 50 * to];
  outline.setAttribute("points", `0,${50 - left} 100,${50 - right} 100,${50 + right} 0,${50 + left}`);
  svg.append(outline);
  return svg;
}

export default mounted(Network);
