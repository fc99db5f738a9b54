// The front door: say so where the screen is smaller than the study needs, or cookies are off. Zooming in doesn't make
// a screen smaller. A study may refuse what doesn't suit it: then Start is there as long as everything does.

// Of a window that fills the screen, taskbar and frame take a part.
const [OF_WIDTH, OF_HEIGHT] = [0.95, 0.85];

/** Return whether a screen is smaller than what is needed, whichever way it is turned. */
export function isTooSmall(screen, needed) {
  const [long, short] = [Math.max(screen.width, screen.height), Math.min(screen.width, screen.height)];
  return long < Math.max(needed.width, needed.height) || short < Math.min(needed.width, needed.height);
}

/** Return which demands are not met: `screen`, `window`, `mouse` and `browser`, each true or false. */
export function unmet(devices, needed, { screen, size, hasMouse, knows }) {
  const small = isTooSmall(screen, needed);
  return {
    screen: small,
    window: !small && (size.width < needed.width * OF_WIDTH || size.height < needed.height * OF_HEIGHT),
    mouse: devices === "mouse" && !hasMouse,
    browser: !knows,
  };
}

function present() {
  return {
    screen: window.screen,
    size: { width: window.outerWidth, height: window.outerHeight },
    hasMouse: matchMedia("(any-pointer: fine)").matches && matchMedia("(any-hover: hover)").matches,
    knows: ["PointerEvent", "fetch", "HTMLDialogElement"].every((name) => name in window),
  };
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

function check(notice, demands) {
  const needed = { width: Number(notice.dataset.width), height: Number(notice.dataset.height) };
  notice.hidden = !isTooSmall(window.screen, needed);
  if (!demands) return;
  const found = unmet(demands.dataset.devices, needed, present());
  for (const told of demands.querySelectorAll("[data-unmet]")) told.hidden = !found[told.dataset.unmet];
  const suits = !Object.values(found).includes(true);
  document.querySelector("#suits").value = suits ? "yes" : "";
  document.querySelector("#start").hidden = !suits;
  document.querySelector("#unsuitable").hidden = suits;
}

function init(root) {
  root.querySelector("#no-cookies").hidden = keepsCookies();
  const again = () => check(root.querySelector("#small-screen"), root.querySelector("#unmet"));
  again();
  window.addEventListener("resize", again);
}

init(document);
