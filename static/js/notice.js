// The one calm line above the button: what is going on with the answer.

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
    element.replaceChildren(element.dataset[key]);
  };
  const offer = (key, action) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "secondary";
    button.textContent = element.dataset.retry;
    button.addEventListener("click", action, { once: true });
    said = key;
    element.replaceChildren(element.dataset[key], button);
  };
  return { say, offer, quiet };
}
