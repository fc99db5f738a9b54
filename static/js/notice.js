// The one calm line above the button: what is going on with the answer.

/** Return `say(key)`, `offer(key, action)` and `quiet()`; the words stand in the notice's data attributes. */
export function noticeBoard(element) {
  const quiet = () => element.replaceChildren();
  const say = (key) => {
    if (element.textContent !== element.dataset[key]) element.replaceChildren(element.dataset[key]);
  };
  const offer = (key, action) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "secondary";
    button.textContent = element.dataset.retry;
    button.addEventListener("click", action, { once: true });
    element.replaceChildren(element.dataset[key], button);
  };
  return { say, offer, quiet };
}
