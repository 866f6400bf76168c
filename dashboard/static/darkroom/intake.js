/** Pictures that a person drops on the component or pastes into the page. */
const NO_TEXT = new Set(["button", "checkbox", "color", "file", "radio", "range", "reset", "submit"]); // kinds of <input> without any

let foremost = null; // of several on a page, the one that was touched last takes what is pasted

export class Intake {
  /** `limit()` is how many bytes a file may have, `reading(name)` tells that a file is read, `taken(name, base64)` that it was, `refuse(text)` why not. */
  constructor(element, veil, { limit, reading, taken, refuse }) {
    Object.assign(this, { element, veil, limit, reading, taken, refuse });
    this.ending = new AbortController();
    const on = (target, type, act) => target.addEventListener(type, act, { signal: this.ending.signal });
    on(element, "pointerdown", () => (foremost = this));
    on(element, "dragover", (event) => this.over(event));
    on(element, "dragleave", (event) => element.contains(event.relatedTarget) || (veil.hidden = true));
    on(element, "drop", (event) => this.drop(event));
    on(document, "paste", (event) => this.paste(event));
  }

  over(event) {
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    event.dataTransfer.dropEffect = "copy";
    this.veil.hidden = false;
  }

  drop(event) {
    this.veil.hidden = true;
    if (!event.dataTransfer.types.includes("Files")) return;
    event.preventDefault();
    this.take([...event.dataTransfer.files]);
  }

  paste(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length || event.defaultPrevented || isText(event.composedPath()[0])) return;
    if (foremost && foremost !== this) return;
    event.preventDefault();
    this.take(files);
  }

  take(files) {
    const file = files.find(isPicture);
    if (!file) return this.refuse(files.length ? `${files[0].name} is not a picture. Try a JPEG, PNG or WebP.` : "That is not a file.");
    if (file.size > this.limit()) return this.refuse(`${file.name} is larger than ${Math.floor(this.limit() / 2 ** 20)} MB. Make it smaller first.`);
    const name = file.name || "picture";
    this.reading(name);
    const reader = new FileReader();
    reader.onload = () => this.taken(name, reader.result.split(",")[1] ?? "");
    reader.onerror = () => this.refuse(`${name} cannot be read.`);
    reader.readAsDataURL(file);
  }

  end() {
    this.ending.abort();
    if (foremost === this) foremost = null;
  }
}

const isPicture = (file) => file.type.startsWith("image/");

const isText = (element) =>
  element.isContentEditable || element.localName === "textarea" || (element.localName === "input" && !NO_TEXT.has(element.type));
