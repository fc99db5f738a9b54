// The front door: say so, as long as it is so, where the window is smaller than the study needs, or cookies are off.

import { fill } from "./words.js";

/** Return whether a window holds one of those that are needed: `windows` as in "1240x650 1024x760". */
export function isLargeEnough({ width, height }, windows) {
  const needed = windows.trim().split(/\s+/).map((one) => one.split("x").map(Number));
  return needed.some(([least, lowest]) => width >= least && height >= lowest);
}

function init(notice, cookies, button) {
  cookies.hidden = navigator.cookieEnabled;
  const words = notice.querySelector("[data-words]");
  const refused = () => !notice.hidden && "refuse" in notice.dataset;

  function look() {
    const size = { width: window.innerWidth, height: window.innerHeight };
    notice.hidden = isLargeEnough(size, notice.dataset.windows);
    words.textContent = fill(words.dataset.words, size);
    if (refused()) button?.setAttribute("aria-disabled", "true");
    else button?.removeAttribute("aria-disabled");
  }

  button?.form.addEventListener("submit", (event) => refused() && event.preventDefault());
  window.addEventListener("resize", look);
  look();
}

init(
  document.querySelector("#small-window"),
  document.querySelector("#no-cookies"),
  document.querySelector("button.primary"),
);
