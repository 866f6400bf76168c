/** What stands below the map: a chip for each class, which filters, and the bar of a colour ramp. */

/** A DOM element from properties and children. */
export function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A number short enough for a label. */
export const short = (v) => Number(v.toPrecision(3)).toString().replace("-", "−");

/**
 * Fills `element`. `emblems` are pictures that stand for the classes, as far as there are any; `hidden` is the Set of hidden classes and is changed
 * here; `onFilter()` says that it was, and `onLight(i | null)` that class i is pointed at.
 */
export function fillLegend(element, { data, emblems, ramp, hidden, onFilter, onLight }) {
  const chips = data.labels ? data.classes.map((name, i) => chip(name, i)) : [];
  element.replaceChildren(...(data.values ? [bar(data, ramp)] : []), ...chips);
  element.hidden = !element.children.length;

  function chip(name, i) {
    const dot = make("i");
    if (!data.values) dot.style.background = data.palette[i % data.palette.length];
    const title = `${name}: click to hide or show, double-click for only this`;
    const button = make("button", { type: "button", className: "chip", title }, dot, ...emblem(emblems[i]), name);
    button.onclick = () => change(() => (hidden.delete(i) ? null : hidden.add(i)));
    button.ondblclick = () => change(() => isolate(i));
    button.onpointerenter = (event) => event.pointerType === "mouse" && onLight(hidden.has(i) ? null : i);
    button.onpointerleave = () => onLight(null);
    return button;
  }

  // The two clicks of a double click have cancelled each other, so this sees the filter as it was before.
  function isolate(i) {
    const alone = hidden.size === data.classes.length - 1 && !hidden.has(i);
    hidden.clear();
    if (!alone) data.classes.forEach((_, other) => other !== i && hidden.add(other));
  }

  function change(act) {
    act();
    onLight(null);
    showPressed();
    onFilter();
  }

  function showPressed() {
    chips.forEach((button, i) => button.setAttribute("aria-pressed", String(!hidden.has(i))));
  }

  showPressed();
}

function emblem(picture) {
  if (!picture) return [];
  const { sheet, x, y, side } = picture;
  const canvas = make("canvas", { width: side, height: side, className: "emblem" });
  canvas.getContext("2d").drawImage(sheet, x, y, side, side, 0, 0, side, side);
  return [canvas];
}

function bar({ value_name: name, value_range: [low, high] }, ramp) {
  const strip = make("i", { className: "ramp" });
  strip.style.background = `linear-gradient(to right, ${ramp.map((color) => `rgb(${color})`).join(", ")})`;
  const title = make("b", { textContent: name });
  return make("span", { className: "bar" }, title, `≤ ${short(low)}`, strip, `≥ ${short(high)}`);
}
