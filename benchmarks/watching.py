"""What a browser shows while a slider moves, frame by frame, and how old it is: the same for any app, since it reads the page and not the app.

A recorder in the page notes, at each frame, where the slider stands and, where it has changed, the picture as (28, 28) grey values. By its
pixels a picture is told to be that of one of the slider's values; it is as old as the last moment before it at which the slider stood there.
"""

import base64
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from playwright.sync_api import Locator, Page

SIDE = 28
STEPS = np.linspace(-3, 3, 241)
"""The values at which the slider can stand."""

RECORD = """(anchor, [picture, slider, side]) => {
  const root = anchor.getRootNode();
  const board = new OffscreenCanvas(side, side).getContext("2d", { willReadFrequently: true });
  const said = (window.said = { frames: [], presses: [] });
  let last = "";
  window.addEventListener("pointerdown", (event) => said.presses.push(event.timeStamp), true);
  const frame = () => {
    const [seen, hand] = [root.querySelector(picture), root.querySelector(slider)];
    let fresh = null;
    if (seen && (seen.tagName === "CANVAS" || (seen.complete && seen.naturalWidth))) {
      board.drawImage(seen, 0, 0, side, side); // decodes it
      const greys = String.fromCharCode(...board.getImageData(0, 0, side, side).data.filter((_, i) => i % 4 === 1));
      if (greys !== last) fresh = btoa((last = greys));
    }
    said.frames.push([performance.now(), Number(hand.value), fresh]);
    said.fresh = fresh ? performance.now() : said.fresh;
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
}"""


@dataclass(frozen=True)
class Seen:
    """times: (N,) of the frames, in ms; values: (N,) at which the slider stood; shown: by number of the frame, the pictures (28, 28) that
    came new with it; presses: in ms, when the button of the pointer went down."""

    times: NDArray[np.float64]
    values: NDArray[np.float64]
    shown: dict[int, NDArray[np.uint8]]
    presses: list[float]


def record(page: Page, anchor: Locator, picture: str, slider: str) -> None:
    """Starts the recorder; the selectors are found from the root of `anchor`, which may be a shadow root."""
    anchor.evaluate(RECORD, [picture, slider, SIDE])
    page.wait_for_timeout(200)


def told(page: Page) -> Seen:
    """What was recorded since it was last asked for."""
    said = page.evaluate("() => [window.said.frames.splice(0), window.said.presses.splice(0)]")
    times, values, fresh = zip(*said[0], strict=True)
    pictures = {
        number: np.frombuffer(base64.b64decode(text), np.uint8).reshape(SIDE, SIDE)
        for number, text in enumerate(fresh)
        if text
    }
    return Seen(np.array(times), np.array(values, float), pictures, said[1])


def value_of(picture: NDArray[np.uint8], known: NDArray[np.uint8]) -> int:
    """Which of the known pictures (K, 28, 28) is nearest to one."""
    return int(np.square(known.astype(np.int32) - picture).sum((1, 2)).argmin())


def ages(seen: Seen, known: NDArray[np.uint8], values: NDArray[np.float64] = STEPS) -> list[float]:
    """How old what is shown is at each frame, in ms: when it came, the slider had last stood at its value then and then.

    known: (K, 28, 28), the pictures at `values`. What is shown at the first frame is taken to be of that moment.
    """
    found: list[float] = []
    born = float(seen.times[0])
    for number, now in enumerate(seen.times):
        if number in seen.shown:
            wanted = float(values[value_of(seen.shown[number], known)])
            born = last_at(seen.times[: number + 1], seen.values[: number + 1], wanted)
        found.append(float(now) - born)
    return found


def last_at(times: NDArray[np.float64], values: NDArray[np.float64], wanted: float) -> float:
    """When a slider that went from value to value last stood at one, in between as if it moved evenly."""
    half = abs(STEPS[1] - STEPS[0]) / 2
    if abs(values[-1] - wanted) <= half:
        return float(times[-1])
    for i in range(len(values) - 2, -1, -1):
        low, high = sorted((values[i], values[i + 1]))
        if low - half <= wanted <= high + half:
            share = 0.0 if values[i] == values[i + 1] else (wanted - values[i]) / (values[i + 1] - values[i])
            return float(times[i] + min(max(share, 0.0), 1.0) * (times[i + 1] - times[i]))
    return float(times[0])


def delays(seen: Seen) -> list[float]:
    """ms from each press to the first new picture after it; of presses that no picture followed, none."""
    ends = [*seen.presses[1:], float("inf")]
    moments = [float(seen.times[number]) for number in sorted(seen.shown)]
    first = [
        next((at for at in moments if press < at < end), None) for press, end in zip(seen.presses, ends, strict=True)
    ]
    return [at - press for at, press in zip(first, seen.presses, strict=True) if at is not None]


def rate(seen: Seen) -> float:
    """New pictures a second."""
    return 1000 * len(seen.shown) / float(seen.times[-1] - seen.times[0])


def frame_time(seen: Seen) -> float:
    """The median ms between frames: below that, nothing can be told apart."""
    return float(np.median([b - a for a, b in pairwise(seen.times)]))
