// What is looked at: the picture under the mouse, with the focus or last tapped, and for how long.

const GLANCE_MS = 100;

/** Watch the cards in `root`: `show(card, on)` marks the one looked at, `ended(card, ms)` tells of more than a glance. */
export function init(root, { show, ended, now = () => performance.now() }) {
  let current = null;

  function look(card) {
    if (current?.card === card) return;
    if (current) {
      const ms = Math.round(now() - current.since);
      show(current.card, false);
      if (ms >= GLANCE_MS) ended(current.card, ms);
    }
    current = card && { card, since: now() };
    if (card) show(card, true);
  }

  const cardOf = (target) => target.closest?.("[data-picture]") ?? null;
  root.addEventListener("pointerover", (event) => {
    if (event.pointerType === "mouse") look(cardOf(event.target));
  });
  root.addEventListener("pointerleave", (event) => {
    if (event.pointerType === "mouse") look(null);
  });
  root.addEventListener("focusin", ({ target }) => {
    if (target.matches(":focus-visible")) look(cardOf(target));
  });
  root.addEventListener("focusout", ({ target }) => {
    if (current?.card === cardOf(target) && !current?.card?.matches(":hover")) look(null);
  });
  document.addEventListener("pointerdown", (event) => {
    if (event.pointerType !== "mouse") look(root.contains(event.target) ? cardOf(event.target) : null);
  });
  return { stop: () => look(null) };
}
