/** Messages of Python's `blob`: a header, and the pictures that follow it. */
export function read(bytes) {
  let at = 4 + new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, at)));
  const parts = header.parts.map((length) => bytes.slice(at, (at += length)));
  return { ...header, parts };
}

/**
 * Keeps one object for each element that a component lives in: `Kind` has update(message, component) and may have destroy().
 *
 * Calls that wait for a script to be loaded come in any order: browsers promise none among imports of one module. Streamlit runs the
 * cleanup of a call that a newer one overtook as soon as it has it, long before a timer: so what is out of date is never shown.
 */
export function mounted(Kind) {
  const living = new WeakMap();
  return (component) => {
    const { parentElement, data } = component;
    const soon = setTimeout(() => {
      if (!living.has(parentElement)) living.set(parentElement, new Kind(parentElement));
      living.get(parentElement).update(read(data), component);
    });
    return () => {
      clearTimeout(soon);
      if (parentElement.isConnected) return; // overtaken, and not gone
      living.get(parentElement)?.destroy?.();
      living.delete(parentElement);
    };
  };
}

/** A number for a choice, larger than all before, so that Python sees that it is new. */
let last = 0;
export const nextTurn = () => (last = Math.max(last + 1, Date.now()));

/**
 * Draws a picture on a canvas of just its size: a PNG, or the bytes of `side` x `side` pixels of `channels`, which need no decoding.
 * The newest wins, whichever is decoded first.
 */
const orders = new WeakMap();
export async function show(canvas, bytes, { side = 0, channels = 0 } = {}) {
  const order = (orders.get(canvas) ?? 0) + 1;
  orders.set(canvas, order);
  if (bytes.length === side * side * channels) {
    resize(canvas, side, side);
    const image = new ImageData(side, side);
    for (let i = 0; i < side * side; i++) {
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = bytes[channels * i + (c % channels)];
      image.data[4 * i + 3] = 255;
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
    return;
  }
  const bitmap = await createImageBitmap(new Blob([bytes]));
  if (orders.get(canvas) !== order) return;
  resize(canvas, bitmap.width, bitmap.height);
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
}

function resize(canvas, width, height) {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
}
