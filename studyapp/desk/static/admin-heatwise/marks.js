// Places on heatmaps: frames drawn by dragging on the photograph or the map, or by their numbers; both always agree.

import { meant } from "../js/keys.js";

const SVG = "http://www.w3.org/2000/svg";
const SIDES = ["left", "top", "width", "height"];
const LEAST = 3; // percent; a click that moved less draws nothing
const CORNERS = [[0, 0], [1, 0], [0, 1], [1, 1]];

const limited = (value, low, high) => Math.min(high, Math.max(low, value));

/** Return the frame between two points, in whole percent and within the picture; null where it would be none. */
export function between([x, y], [toX, toY]) {
  const [left, right] = [x, toX].map((value) => Math.round(limited(value, 0, 100))).sort((a, b) => a - b);
  const [top, bottom] = [y, toY].map((value) => Math.round(limited(value, 0, 100))).sort((a, b) => a - b);
  if (right - left < LEAST || bottom - top < LEAST) return null;
  return { left, top, width: right - left, height: bottom - top };
}

/** Return a frame moved by some percent, as far as the picture reaches. */
export function moved(frame, [byX, byY]) {
  return {
    ...frame,
    left: Math.round(limited(frame.left + byX, 0, 100 - frame.width)),
    top: Math.round(limited(frame.top + byY, 0, 100 - frame.height)),
  };
}

/** Return whether two frames share some of the picture. */
export function overlap(one, other) {
  const meet = (start, length) => one[start] < other[start] + other[length] && other[start] < one[start] + one[length];
  return meet("left", "width") && meet("top", "height");
}

function element(name, attributes) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** One heatmap: its places are the numbers in its fields, from which both pictures are drawn. */
function marking(section, settle) {
  const places = [...section.querySelectorAll("[data-place]")].map((fieldset) => ({
    radio: fieldset.querySelector("[type=radio]"),
    letter: fieldset.dataset.letter,
    usual: fieldset.dataset.usual.split(" "),
    fields: SIDES.map((side) => fieldset.querySelector(`[name$="-${side}"]`)),
  }));
  const surfaces = [...section.querySelectorAll("[data-surface]")];
  const told = section.querySelector("[data-overlap]");

  const frameOf = ({ fields }) => Object.fromEntries(SIDES.map((side, at) => [side, Number(fields[at].value)]));
  const put = ({ fields }, frame) => SIDES.forEach((side, at) => { fields[at].value = frame[side]; });
  const active = () => places.find(({ radio }) => radio.checked);

  function drawOn(surface) {
    const parts = places.flatMap((place) => {
      const { left, top, width, height } = frameOf(place);
      const box = { x: `${left}%`, y: `${top}%`, width: `${width}%`, height: `${height}%` };
      const letter = element("text", { x: `${left}%`, y: `${top}%`, dx: 8, dy: 22 });
      letter.textContent = place.letter;
      const frame = element("rect", { ...box, class: place === active() ? "active" : "" });
      frame.place = place;
      return [element("rect", { ...box, class: "halo" }), frame, letter];
    });
    const { left, top, width, height } = frameOf(active());
    const handles = CORNERS.map(([right, low]) => {
      const at = { cx: `${left + right * width}%`, cy: `${top + low * height}%`, r: 8, class: right === low ? "" : "other" };
      const handle = element("circle", at);
      handle.opposite = [left + (1 - right) * width, top + (1 - low) * height];
      return handle;
    });
    surface.replaceChildren(...parts, ...handles);
  }

  function draw() {
    surfaces.forEach(drawOn);
    const [first, second] = places.map(frameOf);
    told.textContent = second && overlap(first, second) ? told.dataset.words : "";
  }

  function percent(surface, event) {
    const { left, top, width, height } = surface.getBoundingClientRect();
    return [((event.clientX - left) / width) * 100, ((event.clientY - top) / height) * 100];
  }

  function press(surface, event) {
    if (event.button) return;
    settle();
    const { target } = event;
    const start = percent(surface, event);
    if (target.place) target.place.radio.checked = true;
    const place = active();
    const before = frameOf(place);
    // What a point makes of the frame: a corner stretches it, the frame itself moves, elsewhere a new one begins.
    const by = (point) => {
      if (target.opposite) return between(target.opposite, point);
      if (target.place) return moved(before, [point[0] - start[0], point[1] - start[1]]);
      return between(start, point);
    };
    surface.setPointerCapture(event.pointerId);
    const move = (next) => {
      const frame = by(percent(surface, next));
      if (!frame) return;
      put(place, frame);
      draw();
    };
    const end = () => {
      surface.removeEventListener("pointermove", move);
      settle();
    };
    surface.addEventListener("pointermove", move);
    for (const name of ["pointerup", "pointercancel"]) surface.addEventListener(name, end, { once: true });
    draw();
    event.preventDefault();
  }

  for (const surface of surfaces) surface.addEventListener("pointerdown", (event) => press(surface, event));
  section.querySelector("[data-as-map]").addEventListener("click", () => {
    settle();
    for (const { fields, usual } of places) fields.forEach((field, at) => { field.value = usual[at]; });
    settle();
    draw();
  });
  section.addEventListener("input", draw);
  draw();
  return draw;
}

/** Undo and redo are over the whole form: what all its numbers were each time that it came to rest. */
function history(form, draw) {
  const fields = [...form.querySelectorAll("[type=number]")];
  const [undo, redo] = ["[data-undo]", "[data-redo]"].map((name) => form.querySelector(name));
  const values = () => fields.map((field) => field.value);
  let [done, undone, last] = [[], [], values()];

  function show() {
    undo.disabled = !done.length;
    redo.disabled = !undone.length;
  }

  /** Remember how it was before, where something has changed since. */
  function settle() {
    const now = values();
    if (now.every((value, at) => value === last[at])) return;
    done.push(last);
    [last, undone] = [now, []];
    show();
  }

  function step(backwards) {
    settle();
    const [from, to] = backwards ? [done, undone] : [undone, done];
    if (!from.length) return;
    to.push(last);
    last = from.pop();
    last.forEach((value, at) => { fields[at].value = value; });
    show();
    draw();
  }

  undo.addEventListener("click", () => step(true));
  redo.addEventListener("click", () => step(false));
  form.addEventListener("change", settle);
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    const key = meant(event);
    if (key === "z" && !event.shiftKey) step(true);
    else if (key === "y" || key === "z") step(false);
    else return;
    event.preventDefault();
  });
  return { settle, isChanged: () => done.length > 0 };
}

export function init(form) {
  const draws = [];
  const past = history(form, () => draws.forEach((draw) => draw()));
  draws.push(...[...form.querySelectorAll("[data-marking]")].map((section) => marking(section, past.settle)));
  let sent = false;
  form.addEventListener("submit", () => { sent = true; });
  window.addEventListener("beforeunload", (event) => { if (past.isChanged() && !sent) event.preventDefault(); });
}

const form = document.getElementById("hw-marks");
if (form) init(form);
