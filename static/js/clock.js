// Time since the step was shown, and the part of it during which nobody could see it.

/** Start a clock; `now` gives milliseconds, `isHidden` whether the page can't be seen. */
export function startClock(now = () => performance.now(), isHidden = () => document.hidden) {
  const begun = now();
  let hiddenSince = isHidden() ? begun : null;
  let hidden = 0;
  return {
    shownAt: new Date().toISOString(),
    elapsed: () => round(now() - begun),
    hidden: () => round(hidden + (hiddenSince === null ? 0 : now() - hiddenSince)),
    visibilityChanged() {
      if (isHidden()) {
        hiddenSince ??= now();
      } else if (hiddenSince !== null) {
        hidden += now() - hiddenSince;
        hiddenSince = null;
      }
    },
  };
}

function round(ms) {
  return Math.round(ms * 10) / 10;
}
