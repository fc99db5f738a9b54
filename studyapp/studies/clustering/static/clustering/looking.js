// What is looked at: the picture under the mouse, with the focus or last tapped, and for how long.

const GLANCE_MS = 100;

/**
 * Watch the cards in `root`: `show(card, on)` marks the one looked at, and `ended(card, ms, mode)` tells of each look
 * that was more than a glance, and whether it was by mouse, touch or keyboard.
 */
export function init(root, { show, ended, now = () => performance.now() }) {
  let current = null;

  function look(card, mode) {
    if (current?.card === card) return;
    if (current) {
      const ms = Math.round(now() - current.since);
      show(current.card, false);
      if (ms >= GLANCE_MS) ended(current.card, ms, current.mode);
    }
    current = card && { card, mode, since: now() };
    if (card) show(card, true);
  }

  const cardOf = (target) => target.closest?.("[data-picture]") ?? null;
  root.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse") look(cardOf(event.target), "mouse");
  });
  root.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") look(null);
  });
  root.addEventListener("focusin", ({ target }) => {
    if (target.matches(":focus-visible")) look(cardOf(target), "keyboard");
  });
  root.addEventListener("focusout", ({ target }) => {
    if (current?.card === cardOf(target) && !current?.card?.matches(":hover")) look(null);
  });
  document.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") look(root.contains(event.target) ? cardOf(event.target) : null, "touch");
  });
  return { stop: () => look(null) };
}
