// Number keys choose within a question that has the focus; arrow keys and Tab work as in any form.

/** Return which option a key chooses, from 0; -1 for none. */
export function optionOf(key, count) {
  const number = /^[1-9]$/.test(key) ? Number(key) : 0;
  return number >= 1 && number <= count ? number - 1 : -1;
}

export function init(root) {
  for (const question of root.querySelectorAll("[data-keys]")) {
    const options = [...question.querySelectorAll("input")];
    question.addEventListener("keydown", (event) => {
      const index = event.ctrlKey || event.altKey || event.metaKey ? -1 : optionOf(event.key, options.length);
      if (index < 0) return;
      event.preventDefault();
      options[index].focus();
      options[index].click();
    });
  }
}
