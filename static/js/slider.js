// A line to choose a number on: it has no place until it is touched. The number's own box, which stands there without
// scripts, goes together with it and is seen where somebody comes to it by keyboard, to type the number instead.

const KNOB = 16; // pixels

/** Add a line before each box that wants one. */
export function init(root) {
  for (const box of root.querySelectorAll("input[data-slider]")) addLine(box);
}

/** Return the number at a place of the window, as far along a line as the middle of its knob would stand. */
function valueAt(x, line) {
  const { left, width } = line.getBoundingClientRect();
  const share = Math.min(Math.max((x - left - KNOB / 2) / (width - KNOB), 0), 1);
  const along = getComputedStyle(line).direction === "rtl" ? 1 - share : share;
  return Number(line.min) + along * (line.max - line.min);
}

function addLine(box) {
  const line = document.createElement("input");
  Object.assign(line, { type: "range", id: `line-${box.name}`, min: box.min, max: box.max, step: box.step || 1 });
  line.setAttribute("aria-labelledby", `label-${box.name}`);
  line.setAttribute("autocomplete", "off");
  for (const name of ["aria-describedby", "aria-invalid"])
    if (box.hasAttribute(name)) line.setAttribute(name, box.getAttribute(name));
  const show = () => {
    const open = box.value === "";
    line.classList.toggle("untouched", open);
    line.value = open ? (Number(box.min) + Number(box.max)) / 2 : box.value;
    line.setAttribute("aria-valuetext", open ? "–" : box.value);
  };
  const choose = () => {
    box.value = line.value;
    for (const name of ["input", "change"]) box.dispatchEvent(new Event(name, { bubbles: true }));
  };
  let moved = false;
  line.addEventListener("input", (event) => {
    event.stopPropagation(); // the box speaks for both
    moved = true;
    choose();
  });
  line.addEventListener("change", (event) => event.stopPropagation());
  line.addEventListener("click", choose); // in the very middle, where nothing moves
  line.addEventListener("pointerdown", () => {
    moved = false;
  });
  line.addEventListener("pointerup", (event) => {
    if (moved || event.pointerType === "mouse") return; // a finger there makes no click
    line.value = valueAt(event.clientX, line);
    choose();
  });
  line.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    choose();
  });
  box.addEventListener("input", show);
  const label = box.closest(".slider").querySelector("label");
  label.htmlFor = line.id; // a click on the question leads to the line
  box.setAttribute("aria-labelledby", label.id);
  box.classList.add("typed");
  box.before(line);
  show();
}
