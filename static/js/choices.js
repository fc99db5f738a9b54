// Number keys choose within a question that has the focus; arrow keys and Tab work as in any form.

import { meant, show } from "./keys.js";

/** Return which option a keydown chooses, from 0; -1 for none. */
export function optionOf(event, count) {
  const number = Number(meant(event));
  return number >= 1 && number <= count ? number - 1 : -1;
}

export function init(root) {
  for (const question of root.querySelectorAll("[data-keys]")) {
    const options = [...question.querySelectorAll("input")];
    question.addEventListener("keydown", (event) => {
      const index = event.ctrlKey || event.altKey || event.metaKey ? -1 : optionOf(event, options.length);
      if (index < 0) return;
      event.preventDefault();
      options[index].focus();
      options[index].click();
    });
    show(question).catch(() => {}); // a browser that doesn't tell its layout: digits stay digits
  }
}
