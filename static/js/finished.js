// The last page: copy the code; nothing of the run stays in the browser; where the study wants it, go back by itself.

import * as drafts from "./drafts.js";
import * as outbox from "./outbox.js";
import * as store from "./store.js";
import { fill, write } from "./words.js";

/** Count down, then follow the way back; whoever wants to stay, stays. Seconds are told aloud once, and shown. */
function goBack(told, link, now = () => performance.now()) {
  const until = now() + Number(told.dataset.seconds) * 1000;
  const words = told.querySelector("span");
  const left = () => Math.max(0, Math.ceil((until - now()) / 1000));
  write(words, fill(told.dataset.words, { seconds: left() }));
  told.hidden = false;
  words.setAttribute("aria-live", "off");
  const timer = setInterval(() => {
    write(words, fill(told.dataset.words, { seconds: left() }));
    if (left() > 0) return;
    clearInterval(timer);
    link.click();
  }, 1000);
  told.querySelector("button").addEventListener("click", () => {
    clearInterval(timer);
    words.removeAttribute("aria-live");
    write(told, told.dataset.stayed);
  });
}

function init(root) {
  outbox.empty(store.open("local"), root.querySelector("main").dataset.participant);
  drafts.empty(store.open("session"));
  const told = root.querySelector("#going-back");
  if (told) goBack(told, root.querySelector("#way-back"));
  const button = root.querySelector("[data-copy]");
  if (!button || !navigator.clipboard?.writeText) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(button.dataset.copy);
      write(button, button.dataset.copied);
    } catch {
      getSelection().selectAllChildren(root.querySelector("#code")); // refused: it is selected, to be copied by hand
    }
  });
}

init(document);
