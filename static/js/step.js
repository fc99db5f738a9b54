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
import * as questionnaire from "./questionnaire.js";
import { decodeInTime, prefetch, reload } from "./preload.js";
import * as spent from "./spent.js";
import * as store from "./store.js";

export async function init(form) {
  const step = {
    form,
    token: form.elements.token.value,
    participant: form.dataset.participant,
    addresses: { submitUrl: form.action, stateUrl: form.dataset.state },
    kept: store.open("local"),
    notice: noticeBoard(document.querySelector("#notice")),
    mode: watchInputMode(document),
    sending: false,
  };
  if (isAnothers(step)) return;
  form.addEventListener("submit", (event) => {
    if (step.plain) return;
    event.preventDefault();
    submit(step, event.submitter ?? document.activeElement).catch(() => {
      asPlainForm(step);
      form.submit();
    });
  });
  // A kind's own scripts report what happens on the page by dispatching "step:event" on the form; `mode` says how it
  // was done where that isn't the way of acting last used.
  form.addEventListener("step:event", ({ detail }) => step.events?.record(detail.name, detail.data, detail.mode));
  try {
    await flushOutbox(step);
    if (step.left) return;
    startDrafts(step);
    await Promise.all([picturesOf(step), scriptsRun()]);
    show(step);
  } catch (error) {
    asPlainForm(step);
    throw error;
  }
}

/** Where this tab showed one person's run, and another's has begun in the browser since: go back to the tab's own. */
function isAnothers({ participant }) {
  const own = history.state?.participant;
  const isNamed = new URLSearchParams(location.search).has("of");
  if (own && own !== participant && !isNamed) {
    location.replace(`${location.pathname}?of=${own}`);
    return true;
  }
  history.replaceState({ participant }, "");
  return false;
}

/** Let the page be a form like any other, which the browser sends by itself. */
function asPlainForm(step) {
  step.plain = true;
  document.documentElement.classList.remove("js");
  delete step.form.dataset.waiting;
}

/** Do what the page can do without; a browser that can't, goes without. */
function optional(act) {
  try {
    return act();
  } catch (error) {
    console.warn(error);
    return null;
  }
}

/** Bring answers that were never confirmed to the server, before this step shows. */
async function flushOutbox(step) {
  const kept = outbox.waiting(step.kept, step.participant);
  for (const { token, body } of kept.sort((a, b) => Number(a.token === step.token) - Number(b.token === step.token))) {
    const receipt = await send(step, token, new URLSearchParams(body));
    if (token !== step.token) continue;
    if (!["invalid", "full"].includes(receipt.status)) {
      goOn(step, receipt);
    } else {
      step.refused = { fields: [...new URLSearchParams(body)], errors: receipt.errors ?? {} };
    }
  }
}

/** Put back what was begun, here or on another device, and keep what is typed and chosen from now on. */
function startDrafts(step) {
  const known = JSON.parse(document.querySelector("#draft").textContent);
  const options = { token: step.token, url: step.form.dataset.drafts, known, store: store.open("session") };
  step.drafts = optional(() => drafts.init(step.form, options));
  if (step.refused) drafts.fill(step.form, step.refused.fields);
}

/** Wait until the kind's own scripts have run too: what is shown can be used. */
function scriptsRun() {
  return new Promise((ready) => {
    if (document.readyState === "complete") ready();
    document.addEventListener("DOMContentLoaded", ready, { once: true });
    window.addEventListener("load", ready, { once: true });
  });
}

async function picturesOf(step) {
  const images = [...step.form.querySelectorAll("img")];
  let broken = await decodeInTime(images);
  while (broken.length) {
    broken.forEach((image) => image.classList.add("broken"));
    await new Promise((again) => step.notice.offer("broken", again));
    reload(broken);
    broken.forEach((image) => image.classList.remove("broken"));
    broken = await decodeInTime(broken);
  }
  step.notice.quiet();
}

function show(step) {
  const { form } = step;
  delete form.dataset.waiting;
  step.clock = startClock();
  const csrf = () => form.elements.csrfmiddlewaretoken.value;
  const clock = spent.goingOn(form, step.clock);
  const around = { url: form.dataset.events, token: step.token, csrf, clock, mode: step.mode };
  step.events = optional(() => startEvents(around)) ?? { record: () => {}, flush: () => {} };
  document.addEventListener("visibilitychange", () => {
    step.clock.visibilityChanged();
    step.events.record(document.hidden ? "hidden" : "visible");
    if (document.hidden) step.events.flush();
  });
  form.addEventListener("change", (event) => {
    const { name, type, value } = event.target;
    step.events.record("changed", type === "radio" ? { field: name, value } : { field: name });
  });
  form.addEventListener("input", (event) => {
    clearError(form, event.target.name);
    if (!form.querySelector("[aria-invalid=true]")) step.notice.quiet("invalid");
  });
  step.items = optional(() => spent.itemTimes(form, step.clock));
  optional(() => choices.init(form));
  optional(() => questionnaire.init(form));
  optional(() => guide.init(document, step.events.record));
  if (step.refused) refuse(step, step.refused.errors);
  else focusStart(form);
  optional(() => prefetch(JSON.parse(document.querySelector("#next-images").textContent)));
}

function refuse(step, errors) {
  showErrors(step.form, errors);
  if (Object.keys(errors).length) step.notice.say("invalid");
}

/** Put the focus where the step begins, so that reading and tabbing start there. */
function focusStart(form) {
  if (form.querySelector("[aria-invalid=true]")) return;
  form.querySelector("main").focus({ preventScroll: true });
}

/** Send the page; the button that was pressed, as to turn back, says how. */
async function submit(step, pressed) {
  if (step.sending || !step.clock) return;
  step.sending = true;
  const { form, clock } = step;
  const timing = {
    rt_ms: clock.elapsed(),
    hidden_ms: clock.hidden(),
    shown_at: clock.shownAt,
    input_mode: step.mode(),
    screen: { w: window.innerWidth, h: window.innerHeight, dpr: window.devicePixelRatio },
  };
  const carried = form.elements.spent?.value;
  form.elements.timing.value = JSON.stringify(carried === undefined ? timing : spent.together(form, timing, step.items));
  const body = new URLSearchParams(new FormData(form));
  if (pressed?.name) body.append(pressed.name, pressed.value);
  if (carried !== undefined) form.elements.spent.value = carried;
  step.drafts?.stop();
  outbox.keep(step.kept, step.participant, step.token, body.toString());
  const button = form.querySelector(".primary");
  button.setAttribute("aria-disabled", "true");
  step.events.flush();
  const receipt = await send(step, step.token, body);
  if (["invalid", "foreign", "full"].includes(receipt.status)) {
    step.sending = false;
    step.drafts?.goOn();
    button.removeAttribute("aria-disabled");
  }
  if (["foreign", "full"].includes(receipt.status)) return step.notice.say(receipt.status);
  if (receipt.status === "invalid") {
    refuse(step, receipt.errors);
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
  if (!["elsewhere", "foreign"].includes(receipt.status)) outbox.drop(step.kept, step.participant, token);
  return receipt;
}

function goOn(step, receipt) {
  step.drafts?.forget();
  step.left = true;
  location.replace(receipt.next);
}

init(document.querySelector("#step"));
