// The last page: copy the code; nothing of the run stays in the browser.

import * as drafts from "./drafts.js";
import * as outbox from "./outbox.js";
import * as store from "./store.js";

function init(root) {
  outbox.empty(store.open("local"), root.querySelector("main").dataset.participant);
  drafts.empty(store.open("session"));
  const button = root.querySelector("[data-copy]");
  if (!button || !navigator.clipboard?.writeText) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      button.textContent = button.dataset.copied;
    } catch {
      getSelection().selectAllChildren(root.querySelector("#code")); // refused: it is selected, to be copied by hand
    }
  });
}

init(document);
