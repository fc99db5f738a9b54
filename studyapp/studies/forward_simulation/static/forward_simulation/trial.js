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

/** Return where to scroll for examples that lie from `top` to `bottom`, seen from `view`: "↑", "↓" or "" if in view. */
export function wayTo({ top, bottom }, view) {
  if (bottom > view.bottom + 1) return "↓";
  return top < view.top - 1 ? "↑" : "";
}

/** Let the strip of outcomes tell which examples are out of view, and lead there; it is gone where none are. */
function initJumps(form) {
  const strip = form.querySelector(".jumps");
  const links = [...strip.querySelectorAll("[data-jump]")].map((link) => ({
    link,
    band: form.querySelector(`#examples-${link.dataset.jump}`),
  }));
  const still = matchMedia("(prefers-reduced-motion: reduce)");

  function look() {
    const view = {
      top: strip.getBoundingClientRect().bottom,
      bottom: form.querySelector(".actions").getBoundingClientRect().top,
    };
    for (const { link, band } of links) {
      link.querySelector(".way").textContent = wayTo(band.getBoundingClientRect(), view);
    }
    strip.classList.toggle("needless", links.every(({ link }) => !link.querySelector(".way").textContent));
  }

  for (const { link, band } of links) {
    link.addEventListener("click", (event) => {
      event.preventDefault();
      band.scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: "start" });
      form.dispatchEvent(new CustomEvent("step:event", { detail: { name: "jumped", data: { to: link.dataset.jump } } }));
    });
  }
  window.addEventListener("scroll", look, { passive: true });
  window.addEventListener("resize", look);
  look();
}

init(document.querySelector("#step"), document.querySelector("#enlarged"));
initJumps(document.querySelector("#step"));
