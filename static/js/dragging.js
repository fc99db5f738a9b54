// Dragging by mouse, pen or finger. What is dragged is a likeness; the thing itself stays until it is dropped.

const LIFT_PX = 6;

/**
 * Let the handles in `root` be dragged. `handleOf(target)` gives the handle that a pointer presses, or null, and
 * `itemOf(handle)` what it stands for, or null; `likenessOf(item, handle, {x, y})` what is seen to move, placed by
 * `floating` (x and y are where it was pressed). `lift(item, handle)` is called as it leaves its place; `zoneAt(x, y)`
 * is the place under the pointer, or null; `over(zone)` is called as it moves, with null at the end;
 * `drop(item, zone, likeness)` when it is let go. A press that doesn't move stays a click.
 */
export function init(root, { handleOf, itemOf, likenessOf, zoneAt, lift, over, drop }) {
  let drag = null;

  root.addEventListener("pointerdown", (event) => {
    const handle = event.isPrimary && event.button === 0 ? handleOf(event.target) : null;
    const item = handle && itemOf(handle);
    if (!item || drag) return;
    drag = { handle, item, pointer: event.pointerId, x: event.clientX, y: event.clientY, likeness: null };
  });

  root.addEventListener("pointermove", (event) => {
    if (drag?.pointer !== event.pointerId) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.likeness) {
      if (Math.hypot(dx, dy) < LIFT_PX) return;
      drag.handle.setPointerCapture(event.pointerId);
      drag.likeness = likenessOf(drag.item, drag.handle, drag);
      lift(drag.item, drag.handle);
    }
    drag.likeness.style.translate = `${dx}px ${dy}px`;
    over(zoneAt(event.clientX, event.clientY));
  });

  const end = (event, dropped) => {
    if (drag?.pointer !== event.pointerId) return;
    const { item, likeness } = drag;
    drag = null;
    if (!likeness) return;
    swallowClick();
    over(null);
    drop(item, dropped ? zoneAt(event.clientX, event.clientY) : null, likeness);
  };
  root.addEventListener("pointerup", (event) => end(event, true));
  root.addEventListener("pointercancel", (event) => end(event, false));
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
