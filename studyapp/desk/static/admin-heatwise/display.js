// The display page: a side's pictures are drawn anew by the server as soon as one of its fields changes.

import { settled } from "./wording.js";

/** Return what a side's fields say, those left empty left out. */
export function filledIn(form, side) {
  return [...new FormData(form)].filter(([name, value]) => name.startsWith(`${side}-`) && value !== "");
}

async function ask(address, query, signal) {
  const response = await fetch(`${address}?${new URLSearchParams(query)}`, { credentials: "same-origin", signal });
  if (!response.ok) throw new Error(response.status);
  return response.json();
}

/** Draw a picture that came as Base64: pages of the desk show no `data:` addresses. */
async function put(canvas, picture) {
  const bytes = Uint8Array.from(atob(picture), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes], { type: "image/webp" }));
  [canvas.width, canvas.height] = [image.width, image.height];
  canvas.getContext("2d").drawImage(image, 0, 0);
}

async function show(row, { pictures, legend }) {
  row.querySelector("[data-legend]").innerHTML = legend;
  await Promise.all([...row.querySelectorAll("canvas")].map((canvas, place) => put(canvas, pictures[place])));
}

function drawing(form, section) {
  const { side } = section.dataset;
  const problems = section.querySelector("[data-problems]");
  let running = new AbortController();

  async function draw(row, fields, signal) {
    const maps = [...row.querySelectorAll("canvas")].map((canvas) => ["map", canvas.dataset.key]);
    row.setAttribute("aria-busy", "true");
    const found = await ask(form.dataset.row, [...fields, ["side", side], ["method", row.dataset.method], ...maps], signal);
    if (found.pictures) await show(row, found);
    row.setAttribute("aria-busy", "false");
    return found.problems ?? [];
  }

  return async function redraw() {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    const fields = filledIn(form, side);
    try {
      const rows = [...section.querySelectorAll("[data-method]")];
      const wrong = new Set((await Promise.all(rows.map((row) => draw(row, fields, signal)))).flat());
      problems.replaceChildren(...[...wrong].map((words) => Object.assign(document.createElement("li"), { textContent: words })));
    } catch (error) {
      if (error.name !== "AbortError") problems.textContent = "No answer from the server; change a field to try again.";
    }
  };
}

export function init(form) {
  for (const section of form.querySelectorAll("[data-side]")) {
    const redraw = drawing(form, section);
    section.addEventListener("input", settled(redraw, 120));
    redraw();
  }
}

const form = document.getElementById("hw-display");
if (form) init(form);
