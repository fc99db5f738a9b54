// A trial's examples: any of them enlarges in a dialogue; what is looked at is recorded.

/** Return a copy of an example's content, to show it larger. */
export function enlargedCopy(card) {
  const copy = document.createDocumentFragment();
  for (const part of card.children) copy.append(part.cloneNode(true));
  return copy;
}

export function init(form, dialog) {
  const record = (name, data) => form.dispatchEvent(new CustomEvent("step:event", { detail: { name, data } }));
  const content = dialog.querySelector(".enlarged-content");
  for (const card of form.querySelectorAll("[data-enlarge]")) {
    const example = card.dataset.enlarge;
    card.addEventListener("click", () => {
      content.replaceChildren(enlargedCopy(card));
      dialog.showModal();
      record("enlarged", { example });
      dialog.addEventListener("close", () => record("reduced", { example }), { once: true });
    });
    if (card.querySelector('[data-layout="hover"]')) recordDwell(card, example, record);
  }
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
}

function recordDwell(card, example, record) {
  let since = null;
  const enter = () => (since ??= performance.now());
  const leave = () => {
    if (since === null) return;
    record("heatmap_seen", { example, ms: Math.round(performance.now() - since) });
    since = null;
  };
  card.addEventListener("pointerenter", enter);
  card.addEventListener("pointerleave", leave);
  card.addEventListener("focus", enter);
  card.addEventListener("blur", leave);
}

init(document.querySelector("#step"), document.querySelector("#enlarged"));
