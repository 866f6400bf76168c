// Reserves the room that the picture will take, then fetches the rest once (this text travels with every update).
export default async function (component) {
  const { data, parentElement } = component;
  const end = 4 + new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const { size } = JSON.parse(new TextDecoder().decode(data.subarray(4, end)));
  parentElement.querySelector(".stage").style.aspectRatio = size.join(" / ");
  const { default: mount } = await import(new URL("app/static/NAME.js?v=VERSION", document.baseURI));
  return mount(component);
}
