// Reserves the room that the map will take, then fetches the rest once (this text travels with every update).
export default async function (component) {
  const { data, parentElement } = component;
  const end = 4 + new DataView(data.buffer, data.byteOffset).getUint32(0, true);
  const { height } = JSON.parse(new TextDecoder().decode(data.subarray(4, end)));
  parentElement.querySelector(".stage").style.setProperty("--height", `${height}px`);
  const { default: mount } = await import(new URL("app/static/latent_map.js?v=VERSION", document.baseURI));
  return mount(component);
}
