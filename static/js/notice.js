// The one calm line above the button: what is going on with the answer.

import { write } from "./words.js";

/**
 * Return `say(key)`, `offer(key, action)` and `quiet(key)`, of what was said last where no key is given; the words stand in
 * the notice's data attributes.
 */
export function noticeBoard(element) {
  let said = ""; // by its key: a browser's translation changes the words
  const quiet = (key = said) => {
    if (key !== said) return;
    said = "";
    element.replaceChildren();
  };
  const say = (key) => {
    if (said === key) return;
    said = key;
    write(element, element.dataset[key]);
  };
  const offer = (key, action) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "secondary";
    write(button, element.dataset.retry);
    button.addEventListener("click", action, { once: true });
    said = key;
    write(element, element.dataset[key]);
    element.append(button);
  };
  return { say, offer, quiet };
}
