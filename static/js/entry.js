// The front door: say so, as long as it is so, where the window is smaller than the study needs, or cookies are off. A
// study may refuse what doesn't suit it: then one can start as long as everything does.

import { fill, write } from "./words.js";

/** Return whether a window holds one of those that are needed: `windows` as in "1240x650 1024x760". */
export function isLargeEnough({ width, height }, windows) {
  const needed = windows.trim().split(/\s+/).map((one) => one.split("x").map(Number));
  return needed.some(([least, lowest]) => width >= least && height >= lowest);
}

function hasMouse() {
  return matchMedia("(any-pointer: fine)").matches && matchMedia("(any-hover: hover)").matches;
}

function knowsEnough() {
  return ["PointerEvent", "fetch", "HTMLDialogElement"].every((name) => name in window);
}

/** A browser may say that cookies are on and keep none. */
function keepsCookies() {
  try {
    document.cookie = "heatwise-try=1; SameSite=Lax";
    const kept = document.cookie.includes("heatwise-try=");
    document.cookie = "heatwise-try=; Max-Age=0; SameSite=Lax";
    return navigator.cookieEnabled && kept;
  } catch {
    return false;
  }
}

/** Show what a study demands and isn't met; Start is there once all is. */
function demand(demands, fits) {
  const unmet = { window: !fits, mouse: demands.dataset.devices === "mouse" && !hasMouse(), browser: !knowsEnough() };
  for (const told of demands.querySelectorAll("[data-unmet]")) told.hidden = !unmet[told.dataset.unmet];
  const suits = !Object.values(unmet).includes(true);
  document.querySelector("#suits").value = suits ? "yes" : "";
  document.querySelector("#start").hidden = !suits;
  document.querySelector("#unsuitable").hidden = suits;
}

function init(notice, cookies, button, demands, measured) {
  cookies.hidden = keepsCookies();
  const words = notice.querySelector("[data-words]");
  const refused = () => !notice.hidden && "refuse" in notice.dataset;

  function look() {
    const size = { width: window.innerWidth, height: window.innerHeight };
    notice.hidden = isLargeEnough(size, notice.dataset.windows);
    write(words, fill(words.dataset.words, size));
    if (measured) measured.value = `${size.width}x${size.height}`;
    if (refused()) button?.setAttribute("aria-disabled", "true");
    else button?.removeAttribute("aria-disabled");
    if (demands) demand(demands, notice.hidden);
    else if (button) button.hidden = false; // without scripts, a door that refuses windows has none
  }

  button?.form.addEventListener("submit", (event) => {
    if (refused() && !demands) event.preventDefault(); // where there are demands, Start is hidden
  });
  window.addEventListener("resize", look);
  look();
}

init(
  document.querySelector("#small-window"),
  document.querySelector("#no-cookies"),
  document.querySelector("button.primary"),
  document.querySelector("#unmet"),
  document.querySelector("#window"),
);
