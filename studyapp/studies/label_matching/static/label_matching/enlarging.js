// Photograph and both heatmaps, side by side and larger, in a dialogue: by a click on one of them, or Enter.

import { read, write } from "../js/words.js";

/** Return a copy of a picture with what is told of it: the letter of its box, or the label that is right. */
function figure(handle) {
  const copy = document.createElement("figure");
  copy.append(handle.querySelector(".picture").cloneNode(true));
  const asked = handle.closest(".asked");
  const truth = asked?.querySelector(".true-label");
  const words = asked?.dataset.box ?? (truth && read(truth));
  if (words) {
    const caption = document.createElement("figcaption");
    write(caption, words);
    copy.append(caption);
  }
  return copy;
}

export function init(form, dialog) {
  const handles = [...form.querySelectorAll("[data-enlarge]")];
  const record = (name) => form.dispatchEvent(new CustomEvent("step:event", { detail: { name, data: {} } }));
  // While a label is held, a press on a heatmap puts it there: so this listens before the board does.
  form.addEventListener(
    "click",
    ({ target }) => {
      if (!target.closest("[data-enlarge]") || form.classList.contains("holding")) return;
      dialog.querySelector(".enlarged-content").replaceChildren(...handles.map(figure));
      dialog.showModal();
      record("enlarged");
    },
    true,
  );
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("close", () => record("reduced"));
}

init(document.querySelector("#step"), document.querySelector("#enlarged"));
