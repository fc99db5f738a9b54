// Dragging by mouse, pen or finger. What is dragged is a likeness; the thing itself stays until it is dropped.

const LIFT_PX = 6;

/**
 * Let the handles in `root` be dragged. `labelOf(element)` gives the label that a pointer picks up there, or null;
 * `zoneAt(x, y)` the place under the pointer, or null; `over(zone)` is called as it changes, null at the end;
 * `drop(label, zone, likeness)` when it is let go. A press that doesn't move stays a click.
 */
export function init(root, { handleOf, labelOf, zoneAt, lift, over, drop }) {
  let drag = null;

  root.addEventListener("pointerdown", (event) => {
    const handle = event.isPrimary && event.button === 0 ? handleOf(event.target) : null;
    const label = handle && labelOf(handle);
    if (!label || drag) return;
    drag = { handle, label, pointer: event.pointerId, x: event.clientX, y: event.clientY, likeness: null, zone: null };
  });

  root.addEventListener("pointermove", (event) => {
    if (drag?.pointer !== event.pointerId) return;
    const [dx, dy] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.likeness) {
      if (Math.hypot(dx, dy) < LIFT_PX) return;
      drag.handle.setPointerCapture(event.pointerId);
      drag.likeness = likenessOf(drag.handle, drag.label);
      lift(drag.label, drag.handle);
    }
    drag.likeness.style.translate = `${dx}px ${dy}px`;
    drag.zone = zoneAt(event.clientX, event.clientY);
    over(drag.zone);
  });

  const end = (event, dropped) => {
    if (drag?.pointer !== event.pointerId) return;
    const { label, likeness, zone } = drag;
    drag = null;
    if (!likeness) return;
    swallowClick();
    over(null);
    drop(label, dropped ? zone : null, likeness);
  };
  root.addEventListener("pointerup", (event) => end(event, true));
  root.addEventListener("pointercancel", (event) => end(event, false));
}

/** Return a likeness of a label that lies where `element` is and lets everything through. */
export function likenessOf(element, label) {
  const likeness = document.createElement("span");
  const place = element.getBoundingClientRect();
  likeness.className = "chip likeness";
  likeness.textContent = label;
  likeness.setAttribute("aria-hidden", "true");
  Object.assign(likeness.style, {
    left: `${place.left}px`,
    top: `${place.top}px`,
    width: `${place.width}px`,
    height: `${place.height}px`,
  });
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
