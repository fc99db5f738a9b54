// The last page: copy the code; nothing of the run stays in the browser.

import * as drafts from "./drafts.js";
import * as outbox from "./outbox.js";

function init(root) {
  outbox.empty(localStorage);
  drafts.empty();
  const button = root.querySelector("[data-copy]");
  if (!button || !navigator.clipboard) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(root.querySelector(`#${button.dataset.copy}`).textContent.trim());
    button.textContent = button.dataset.copied;
  });
}

init(document);
