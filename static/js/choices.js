// Number keys choose an answer wherever the focus is, but not where words are written; `data-keys` on a question is the
// first answer's number. Arrow keys and Tab work as in any form.

import { meant, show } from "./keys.js";

const WRITING = "textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=hidden])";

/** Return which of a question's options a key chooses, from 0, the first one having the number `first`; -1 for none. */
export function optionOf(key, first, count) {
  const option = /^[1-9]$/.test(key) ? Number(key) - first : -1;
  return option >= 0 && option < count ? option : -1;
}

export function init(root) {
  const questions = [...root.querySelectorAll("[data-keys]")].map((question) => ({
    first: Number(question.dataset.keys),
    options: [...question.querySelectorAll("input")],
  }));
  show(root).catch(() => {}); // a browser that doesn't tell its layout: digits stay digits
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest(`dialog, ${WRITING}`)) return;
    for (const { first, options } of questions) {
      const index = optionOf(meant(event), first, options.length);
      if (index < 0) continue;
      event.preventDefault();
      options[index].focus();
      options[index].click();
    }
  });
}
