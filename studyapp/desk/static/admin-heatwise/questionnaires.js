// A questionnaire's preview follows what is typed; an item of a new type begins with an example of its answers.

import { settled } from "./wording.js";

export function init(form) {
  const frame = form.querySelector("[data-shown]");
  const examples = JSON.parse(document.querySelector("#examples").textContent);
  let asked = 0;

  async function update() {
    const mine = (asked += 1);
    try {
      const body = new URLSearchParams(new FormData(form));
      const response = await fetch(form.dataset.preview, { method: "POST", credentials: "same-origin", body });
      const html = await response.text();
      if (mine === asked && response.ok) frame.srcdoc = html;
    } catch {
      // no answer from the server: what is typed stays, and the next change asks again
    }
  }

  form.addEventListener("change", ({ target }) => {
    if (target.name !== "item__type") return;
    const answers = target.closest("tr").querySelector("[name=item__answers]");
    const isExample = !answers.value.trim() || Object.values(examples).includes(answers.value.replace(/\r/g, "").trim());
    if (isExample) answers.value = examples[target.value] ?? "";
  });
  form.addEventListener("input", settled(update));
  form.addEventListener("change", settled(update));
  update();
  document.querySelector("[data-opens]")?.showPopover(); // what was refused stands there
}

const form = document.querySelector("[data-preview]");
if (form) init(form);
