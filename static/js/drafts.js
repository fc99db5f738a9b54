// What is typed and chosen survives a reload: kept for this tab, by step.

const PREFIX = "heatwise:draft:";
const OWN = new Set(["csrfmiddlewaretoken", "token", "timing"]);

/** Return the answer's fields as `[[name, value]]`. */
export function fieldsOf(form) {
  return [...new FormData(form)].filter(([name]) => !OWN.has(name));
}

/** Put kept fields back into the form, where it has them. */
export function fill(form, fields) {
  for (const [name, value] of fields) {
    const control = form.elements.namedItem(name);
    if (control) control.value = value;
  }
}

/** Keep a form's fields in step with what is typed, and put back what was there before a reload. */
export function init(form, token, storage = sessionStorage) {
  try {
    fill(form, JSON.parse(storage.getItem(PREFIX + token) ?? "[]"));
  } catch {
    storage.removeItem(PREFIX + token);
  }
  form.addEventListener("input", () => {
    try {
      storage.setItem(PREFIX + token, JSON.stringify(fieldsOf(form)));
    } catch {
      // no room: the page itself still holds it
    }
  });
}

/** Forget all drafts of this tab. */
export function empty(storage = sessionStorage) {
  const names = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  for (const name of names) {
    if (name.startsWith(PREFIX)) storage.removeItem(name);
  }
}
