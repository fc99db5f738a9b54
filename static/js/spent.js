// The time spent on a step that has several pages: what was spent on those before is carried along in the form.

const NONE = { rt_ms: 0, hidden_ms: 0, items: {} };

/** Return what was spent on a step's earlier pages: `{rt_ms, hidden_ms, items, shown_at}`. */
export function before(form) {
  try {
    return { ...NONE, ...JSON.parse(form.elements.spent?.value || "{}") };
  } catch {
    return NONE;
  }
}

/** Return a clock of the step: the page's own, going on from what was spent on those before. */
export function goingOn(form, clock) {
  const { rt_ms: earlier } = before(form);
  return { elapsed: () => earlier + clock.elapsed() };
}

/** Return the times of a step's page and those before it together, and carry them along. */
export function together(form, timing, items) {
  const earlier = before(form);
  const all = {
    rt_ms: earlier.rt_ms + timing.rt_ms,
    hidden_ms: earlier.hidden_ms + timing.hidden_ms,
    shown_at: earlier.shown_at ?? timing.shown_at,
    items: { ...earlier.items, ...items },
  };
  if (form.elements.spent) form.elements.spent.value = JSON.stringify(all);
  return { ...timing, ...all };
}

/** Return, filled in as it happens, when each item of the page was last changed. */
export function itemTimes(form, clock) {
  const items = {};
  form.addEventListener("change", ({ target }) => {
    const code = target.closest?.("[data-item]")?.dataset.item;
    if (code) items[code] = clock.elapsed();
  });
  return items;
}
