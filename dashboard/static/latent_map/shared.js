/**
 * What outlives a map's element, and what it shares with others: all components of a page that stand on this module have one copy of it.
 */
const { search } = new URL(import.meta.url);
const { Pictures } = await import(new URL(`pictures.js${search}`, import.meta.url));

const memories = new Map();

/** What a map of that key remembers: pin, view (null: all), hidden classes, the outline of its group, its pictures, and the lens on it. */
export function memoryOf(key) {
  if (!memories.has(key)) memories.set(key, { pin: null, view: null, hidden: new Set(), density: false, lasso: "", pictures: new Pictures(), lens: null });
  return memories.get(key);
}

const links = new Map();

/** Maps that show the same images in the same order, by the name that links them: what one says of a number, the others are told. */
export class Link {
  static of(name) {
    if (!name) return new Link();
    if (!links.has(name)) links.set(name, new Link());
    return links.get(name);
  }
  members = new Set(); // each with hear()
  hovered = null; // { by, number }
  group = null; // { by, numbers: Set }

  say(what, by, value) {
    if (value === null && this[what]?.by !== by) return; // another one's word stands
    this[what] = value === null ? null : { by, ...value };
    for (const member of this.members) if (member !== by) member.hear(what);
  }
}
