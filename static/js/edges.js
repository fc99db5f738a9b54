// Scrolling while something is dragged near an edge of what scrolls under it, so that what is out of view can be reached.

const NEAR_PX = 56;
const FASTEST = 900; // pixels a second, at the very edge and beyond it

/** Return how fast to scroll, from -1 to 1, with a pointer at `at` between the edges `start` and `end`. */
export function pull(at, start, end) {
  const near = Math.min(NEAR_PX, (end - start) / 4);
  if (near <= 0) return 0;
  if (at < start + near) return -Math.min(1, (start + near - at) / near);
  if (at > end - near) return Math.min(1, (at - end + near) / near);
  return 0;
}

/**
 * Scroll as long as the pointer, at what `at()` gives, is near an edge; `moved()` is called after. Return `stop()`.
 * An edge at which the drag began, as that of a tray at the bottom, counts once the pointer has been away from it.
 */
export function scrollAtEdges(at, moved) {
  let [frame, before, begun] = [0, performance.now(), sides(at())];
  const step = (now) => {
    const seconds = Math.min(0.1, (now - before) / 1000);
    before = now;
    const present = sides(at());
    begun = begun.map((side, axis) => (side === present[axis] ? side : 0));
    if (scroll(at(), begun, Math.max(1, FASTEST * seconds))) moved();
    frame = requestAnimationFrame(step);
  };
  frame = requestAnimationFrame(step);
  return () => cancelAnimationFrame(frame);
}

/** Return at which sides of the window a place is, on each axis: -1, 0 or 1. */
function sides({ x, y }) {
  return [pull(x, 0, document.documentElement.clientWidth), pull(y, 0, window.innerHeight)].map(Math.sign);
}

function scroll({ x, y }, begun, by) {
  const speed = (axis, ...where) => {
    const way = pull(...where);
    return Math.sign(way) === begun[axis] ? 0 : Math.round(way * by);
  };
  for (const { element, left, top, right, bottom } of scrollersAt(x, y)) {
    const before = [element.scrollLeft, element.scrollTop];
    element.scrollLeft += speed(0, x, left, right);
    element.scrollTop += speed(1, y, top, bottom);
    if (element.scrollLeft !== before[0] || element.scrollTop !== before[1]) return true;
  }
  return false;
}

/** Return what scrolls under a place, the innermost first and the page itself last, each with its edges in view. */
function scrollersAt(x, y) {
  const [width, height] = [document.documentElement.clientWidth, window.innerHeight];
  const inside = (value, most) => Math.max(0, Math.min(most - 1, value));
  const page = document.scrollingElement;
  const found = [];
  let element = document.elementFromPoint(inside(x, width), inside(y, height));
  for (; element && element !== page && element !== document.body; element = element.parentElement) {
    if (!scrolls(element)) continue;
    const { left, top, right, bottom } = element.getBoundingClientRect();
    const edges = [Math.max(0, left), Math.max(0, top), Math.min(width, right), Math.min(height, bottom)];
    found.push({ element, left: edges[0], top: edges[1], right: edges[2], bottom: edges[3] });
  }
  return [...found, { element: page, left: 0, top: 0, right: width, bottom: height }];
}

function scrolls(element) {
  const { overflowX, overflowY } = getComputedStyle(element);
  const can = (overflow) => overflow === "auto" || overflow === "scroll";
  return (
    (can(overflowY) && element.scrollHeight > element.clientHeight) ||
    (can(overflowX) && element.scrollWidth > element.clientWidth)
  );
}
