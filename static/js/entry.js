// The front door: say so where the screen is smaller than the study needs, or cookies are off. Zooming in doesn't make
// a screen smaller.

/** Return whether a screen is smaller than what is needed, whichever way it is turned. */
export function isTooSmall(screen, needed) {
  const [long, short] = [Math.max(screen.width, screen.height), Math.min(screen.width, screen.height)];
  return long < Math.max(needed.width, needed.height) || short < Math.min(needed.width, needed.height);
}

function init(notice, cookies) {
  const needed = { width: Number(notice.dataset.width), height: Number(notice.dataset.height) };
  notice.hidden = !isTooSmall(window.screen, needed);
  cookies.hidden = navigator.cookieEnabled;
}

init(document.querySelector("#small-screen"), document.querySelector("#no-cookies"));
