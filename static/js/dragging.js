// Dragging by mouse, pen or finger. What is dragged is a likeness; the thing itself stays until it is dropped.

import { scrollAtEdges } from "./edges.js";

const LIFT_PX = 6;
const HELD = 1; // in `buttons`: the main button, a finger or the pen's tip, and nothing beside it

/**
 * Let the handles in `root` be dragged. `handleOf(target)` gives the handle that a pointer presses, or null, and
 * `itemOf(handle)` what it stands for, or null; `likenessOf(item, handle, {x, y})` what is seen to move, placed by
 * `floating` (x and y are where it was pressed). `lift(item, handle)` is called as it leaves its place; `zoneAt(x, y)`
 * is the place under the pointer, or null; `over(zone)` is called as it moves, with null at the end;
 * `drop(item, zone, likeness)` when it is let go, and `back(item, likeness)` where the drag was given up: by Escape, by
 * a second button, or because the pointer was lost. A press that doesn't move stays a click.
 */
export function init(root, { handleOf, itemOf, likenessOf, zoneAt, lift, over, drop, back }) {
  let drag = null;

  const move = () => {
    drag.likeness.style.translate = `${drag.at.x - drag.x}px ${drag.at.y - drag.y}px`;
    over(zoneAt(drag.at.x, drag.at.y));
  };

  const settle = (finish) => {
    const { item, likeness, stopScrolling } = drag;
    drag.likeness = null;
    if (!likeness) return;
    stopScrolling();
    over(null);
    finish(item, likeness);
  };

  /** Give the drag up. What is still pressed is no click when it is let go. */
  const giveUp = () => {
    settle(back);
    drag.over = true;
  };

  /** The button is up, whoever was told of it. */
  const released = () => {
    if (drag.over) swallowClick();
    settle(back);
    drag = null;
  };

  /** The browser has taken the pointer away, the button may still be down. */
  const taken = () => {
    if (drag.likeness) giveUp();
    else if (!drag.over) drag = null;
  };

  root.addEventListener("pointerdown", (event) => {
    if (drag && event.isPrimary) released(); // whatever became of the press before: this is a new one
    const handle = event.isPrimary && event.button === 0 ? handleOf(event.target) : null;
    const item = handle && itemOf(handle);
    if (!item || drag) return;
    const { pointerId: pointer, clientX: x, clientY: y } = event;
    drag = { handle, item, pointer, x, y, at: { x, y }, likeness: null, over: false };
    capture(handle, pointer);
  });

  root.addEventListener("dragstart", (event) => handleOf(event.target) && event.preventDefault());
  window.addEventListener("pointermove", (event) => {
    if (drag?.pointer !== event.pointerId) return;
    if (!(event.buttons & HELD)) return released(); // outside the window, over a menu
    if (drag.over) return;
    if (event.buttons !== HELD) return giveUp();
    drag.at = { x: event.clientX, y: event.clientY };
    if (!drag.likeness) {
      if (Math.hypot(drag.at.x - drag.x, drag.at.y - drag.y) < LIFT_PX) return;
      drag.likeness = likenessOf(drag.item, drag.handle, drag);
      lift(drag.item, drag.handle);
      drag.stopScrolling = scrollAtEdges(() => drag.at, move);
    }
    move();
  });

  window.addEventListener("pointerup", (event) => {
    if (drag?.pointer !== event.pointerId) return;
    const zone = zoneAt(event.clientX, event.clientY);
    if (drag.likeness || drag.over) swallowClick();
    settle((item, likeness) => drop(item, zone, likeness));
    drag = null;
  });

  // After `pointerup` nothing is dragged any more: these two come where the browser has taken the pointer away. A finger
  // is had by what it touches at first, and loses that when the handle gets it.
  window.addEventListener("pointercancel", (event) => drag?.pointer === event.pointerId && taken());
  document.addEventListener("lostpointercapture", (event) => {
    if (drag?.pointer === event.pointerId && !drag.handle.hasPointerCapture(event.pointerId)) taken();
  });
  window.addEventListener("blur", () => drag?.likeness && giveUp());
  window.addEventListener(
    "keydown",
    (event) => {
      if (event.key !== "Escape" || !drag?.likeness) return;
      event.preventDefault();
      event.stopPropagation();
      giveUp();
    },
    true,
  );
  window.addEventListener("contextmenu", (event) => {
    if (!drag) return;
    event.preventDefault(); // a second button, or a finger that rests on what it is about to move
    if (event.button === 2 && drag.likeness && !drag.over) giveUp();
  });
}

/** Have all of a pointer's events, wherever it goes; a pointer that is gone already can't be had. */
function capture(handle, pointer) {
  try {
    handle.setPointerCapture(pointer);
  } catch {
    // the window hears of it as long as it is over the page
  }
}

/** Return `likeness` floating above the page in `place` ({left, top, width, height}); everything goes through it. */
export function floating(likeness, { left, top, width, height }) {
  likeness.classList.add("likeness");
  likeness.setAttribute("aria-hidden", "true");
  Object.assign(likeness.style, { left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` });
  document.body.append(likeness);
  return likeness;
}

/** Let a likeness travel from where it is to `target`, then go. At once for those who want no motion. */
export function travel(likeness, target) {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const [from, to] = [likeness.getBoundingClientRect(), target.getBoundingClientRect()];
  const way = `translate(${to.left - from.left}px, ${to.top - from.top}px)`;
  const timing = { duration: still ? 0 : 160, easing: "ease-out" };
  return likeness.animate([{ transform: "none" }, { transform: way }], timing).finished.finally(() => likeness.remove());
}

function swallowClick() {
  const swallow = (event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  window.addEventListener("click", swallow, { capture: true, once: true });
  setTimeout(() => window.removeEventListener("click", swallow, { capture: true }));
}
