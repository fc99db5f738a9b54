// A questionnaire's page: items that follow from others' answers, lines to choose a number on, rankings by pressing.
// Without it the page is a form like any other, whose items the server lets follow.

import * as ranking from "./ranking.js";
import * as slider from "./slider.js";

/** Return whether the values of a condition's fields meet it. */
export function holds({ is, at_least: low, at_most: high }, values) {
  if (!values.length) return false;
  if (is) return values.some((value) => is.includes(value));
  const number = Number(values[0]);
  return number >= (low ?? number) && number <= (high ?? number);
}

export function init(form) {
  const following = [...form.querySelectorAll("[data-show-if]")].map((item) => ({
    item,
    condition: JSON.parse(item.dataset.showIf),
  }));
  const follow = () => {
    const given = new FormData(form);
    for (const { item, condition } of following) {
      const about = form.querySelector(`[data-item="${condition.item}"]`);
      const values = about?.hidden ? [] : condition.fields.flatMap((name) => given.getAll(name)).filter(Boolean);
      item.hidden = !holds(condition, values);
    }
  };
  form.addEventListener("input", follow);
  form.addEventListener("change", follow);
  follow();
  slider.init(form);
  ranking.init(form);
}
