// One step: wait for its pictures, show it, time it, and bring its answer to the server exactly once.

import * as choices from "./choices.js";
import { startClock } from "./clock.js";
import { deliver } from "./deliver.js";
import * as drafts from "./drafts.js";
import { clearError, showErrors } from "./errors.js";
import { startEvents } from "./events.js";
import * as guide from "./guide.js";
import { watchInputMode } from "./input_mode.js";
import { noticeBoard } from "./notice.js";
import * as outbox from "./outbox.js";
import { decodeAll, prefetch, reload } from "./preload.js";

export async function init(form) {
  const step = {
    form,
    token: form.elements.token.value,
    participant: form.dataset.participant,
    addresses: { submitUrl: form.action, stateUrl: form.dataset.state },
    notice: noticeBoard(document.querySelector("#notice")),
    mode: watchInputMode(document),
    sending: false,
  };
  window.addEventListener("pageshow", (event) => event.persisted && location.reload());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    submit(step);
  });
  // A kind's own scripts report what happens on the page by dispatching "step:event" on the form; `mode` says how it
  // was done where that isn't the way of acting last used.
  form.addEventListener("step:event", ({ detail }) => step.events?.record(detail.name, detail.data, detail.mode));
  await flushOutbox(step);
  if (step.left) return;
  drafts.init(form, step.token);
  await picturesOf(step);
  show(step);
}

/** Bring answers that were never confirmed to the server, before this step shows. */
async function flushOutbox(step) {
  const kept = outbox.waiting(localStorage, step.participant);
  for (const { token, body } of kept.sort((a, b) => Number(a.token === step.token) - Number(b.token === step.token))) {
    const receipt = await send(step, token, new URLSearchParams(body));
    if (token !== step.token) continue;
    if (receipt.status !== "invalid") {
      goOn(step, receipt);
    } else {
      drafts.fill(step.form, [...new URLSearchParams(body)]);
      step.errors = receipt.errors;
    }
  }
}

async function picturesOf(step) {
  const images = [...step.form.querySelectorAll("img")];
  let broken = await decodeAll(images);
  while (broken.length) {
    broken.forEach((image) => image.classList.add("broken"));
    await new Promise((again) => step.notice.offer("broken", again));
    reload(broken);
    broken.forEach((image) => image.classList.remove("broken"));
    broken = await decodeAll(broken);
  }
  step.notice.quiet();
}

function show(step) {
  const { form } = step;
  delete form.dataset.waiting;
  step.clock = startClock();
  const csrf = () => form.elements.csrfmiddlewaretoken.value;
  step.events = startEvents({ url: form.dataset.events, token: step.token, csrf, clock: step.clock, mode: step.mode });
  document.addEventListener("visibilitychange", () => {
    step.clock.visibilityChanged();
    step.events.record(document.hidden ? "hidden" : "visible");
    if (document.hidden) step.events.flush();
  });
  form.addEventListener("change", (event) => {
    const { name, type, value } = event.target;
    step.events.record("changed", type === "radio" ? { field: name, value } : { field: name });
  });
  form.addEventListener("input", (event) => clearError(form, event.target.name));
  choices.init(form);
  guide.init(document, step.events.record);
  if (step.errors) showErrors(form, step.errors);
  else focusStart(form);
  prefetch(JSON.parse(document.querySelector("#next-images").textContent));
}

/** Put the focus where the step begins, so that reading and tabbing start there. */
function focusStart(form) {
  if (form.querySelector("[aria-invalid=true]")) return;
  form.querySelector("main").focus({ preventScroll: true });
}

async function submit(step) {
  if (step.sending || !step.clock) return;
  step.sending = true;
  const { form, clock } = step;
  form.elements.timing.value = JSON.stringify({
    rt_ms: clock.elapsed(),
    hidden_ms: clock.hidden(),
    shown_at: clock.shownAt,
    input_mode: step.mode(),
    screen: { w: window.innerWidth, h: window.innerHeight, dpr: window.devicePixelRatio },
  });
  const body = new URLSearchParams(new FormData(form));
  outbox.keep(localStorage, step.participant, step.token, body.toString());
  const button = form.querySelector("button[type=submit]");
  button.setAttribute("aria-disabled", "true");
  step.events.flush();
  const receipt = await send(step, step.token, body);
  if (receipt.status === "invalid") {
    step.sending = false;
    button.removeAttribute("aria-disabled");
    showErrors(form, receipt.errors);
    step.events.record("refused", { fields: Object.keys(receipt.errors) });
    return;
  }
  goOn(step, receipt);
}

async function send(step, token, body) {
  const slow = setTimeout(() => step.notice.say("sending"), 600);
  const onTrouble = () => {
    clearTimeout(slow);
    step.notice.say("kept");
  };
  const receipt = await deliver(body, { ...step.addresses, onTrouble });
  clearTimeout(slow);
  step.notice.quiet();
  step.form.elements.csrfmiddlewaretoken.value = body.get("csrfmiddlewaretoken");
  if (receipt.status !== "elsewhere") outbox.drop(localStorage, step.participant, token);
  return receipt;
}

function goOn(step, receipt) {
  step.left = true;
  location.replace(receipt.next);
}

init(document.querySelector("#step"));
