// Coding: one answer at a time, by keys or clicks; every change is sent at once, and again until it has arrived.

import { meant, show as showKeys } from "../js/keys.js";

const PAUSES_MS = [1000, 2000, 5000, 10_000];

/** Return the codes with one given or taken. */
export const toggled = (chosen, code) =>
  chosen.includes(code) ? chosen.filter((other) => other !== code) : [...chosen, code];

/** Return what a key press means, or null: typing into a field means nothing else. */
export function meaning(event, codes) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.target.closest("input, textarea, select")) return null;
  const key = meant(event).toLowerCase();
  if (key === "enter") return event.target.closest("button, a, summary") ? null : { does: "done" };
  if (key === "u") return { does: "undo" };
  if (key === "n") return { does: "new" };
  if (key === "s") return { does: "suggested" };
  const code = codes.find((candidate) => candidate.key === key);
  return code ? { does: "toggle", code: code.id } : null;
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

function init(root) {
  const part = (id) => document.getElementById(id);
  const start = JSON.parse(part("hw-start").textContent);
  const csrf = root.parentElement.querySelector("[name=csrfmiddlewaretoken]").value;
  const keys = part("hw-use-keys");
  let state = start;
  let codes = start.codes;
  let before = []; // the sets of codes that this passage had, to undo to
  let busy = false;
  let sending = Promise.resolve();

  async function post(url, body, type) {
    const headers = { "X-CSRFToken": csrf, Accept: "application/json", "Content-Type": type };
    for (let attempt = 0; ; attempt += 1) {
      try {
        const response = await fetch(url, { method: "POST", headers, body });
        if (response.status < 500) {
          part("hw-trouble").textContent = "";
          if (!(response.headers.get("Content-Type") || "").includes("json")) {
            throw Object.assign(new Error("signed out"), { final: true });
          }
          return { status: response.status, content: await response.json() };
        }
      } catch (error) {
        if (error.final) {
          part("hw-trouble").textContent = "Not saved: you are signed out, or your role has changed. Reload the page.";
          throw error;
        }
      }
      part("hw-trouble").textContent = "Not saved yet. It is kept here and sent again until it arrives.";
      await new Promise((resolve) => { setTimeout(resolve, PAUSES_MS[Math.min(attempt, PAUSES_MS.length - 1)]); });
    }
  }

  // One request after the other, so that what was chosen last is what is stored.
  function send(url, body, type = "application/json") {
    const sent = sending.then(() => post(url, body, type));
    sending = sent.catch(() => {});
    return sent;
  }

  function show(fresh) {
    state = { ...state, ...fresh };
    before = [];
    draw();
    part("hw-text").focus({ preventScroll: true });
  }

  function draw() {
    const { passage } = state;
    part("hw-progress").textContent = `${state.done} of ${state.total} read`;
    part("hw-bar").max = Math.max(state.total, 1);
    part("hw-bar").value = state.done;
    part("hw-text").textContent = passage ? passage.text : "All read. Thank you.";
    part("hw-about").textContent = passage?.about ? `About: ${passage.about}` : "";
    part("hw-done").hidden = !passage;
    part("hw-done").replaceChildren(state.chosen.length ? "Done, next " : "Nothing found, next ", element("kbd", { textContent: "Enter" }));
    part("hw-codes").hidden = !passage;
    part("hw-codes").replaceChildren(...Object.entries(state.kinds).map(group).filter(Boolean));
    showKeys(document).catch(() => {});
  }

  function group([kind, title]) {
    const own = codes.filter((code) => code.kind === kind);
    if (!own.length) return null;
    const list = element("div", { className: "hw-code-list" }, ...own.map(button));
    return element("fieldset", {}, element("legend", { textContent: `${title}s` }), list);
  }

  function button(code) {
    const given = state.chosen.includes(code.id);
    const suggested = state.suggested.includes(code.id) && !given;
    const made = element("button", { type: "button", title: code.description, className: "hw-code" });
    made.setAttribute("aria-pressed", given);
    made.classList.toggle("hw-suggested", suggested);
    if (code.key) made.append(element("kbd", { textContent: code.key }), " ");
    made.append(code.name);
    if (suggested) made.append(element("span", { className: "visually-hidden", textContent: " (suggested)" }));
    made.dataset.code = code.id;
    made.addEventListener("click", () => choose(toggled(state.chosen, code.id)));
    return made;
  }

  function choose(chosen, remember = true) {
    if (!state.passage || busy) return;
    const focused = document.activeElement?.dataset?.code;
    if (remember) before.push(state.chosen);
    state.chosen = chosen;
    draw();
    if (focused) part("hw-codes").querySelector(`[data-code="${focused}"]`)?.focus();
    save(false).catch(() => {});
  }

  async function save(done) {
    const passage = state.passage.id;
    part("hw-saved").textContent = "";
    const { status, content } = await send(start.urls.save, JSON.stringify({ passage, codes: state.chosen, done }));
    if (status === 410) {
      part("hw-trouble").textContent = content.error;
      show(content);
    } else if (status === 200) {
      part("hw-saved").textContent = "Saved";
      if (done) show(content);
    } else {
      part("hw-trouble").textContent = "Not saved. Reload the page.";
    }
  }

  async function alone(work) {
    if (busy) return;
    busy = true;
    try { await work(); } catch { /* said already */ } finally { busy = false; }
  }

  const actions = {
    toggle: ({ code }) => choose(toggled(state.chosen, code)),
    suggested: () => choose([...new Set([...state.chosen, ...state.suggested])]),
    done: () => state.passage && alone(() => save(true)),
    undo: () => {
      if (before.length) choose(before.pop(), false);
      else alone(async () => show((await send(start.urls.back, "{}")).content));
    },
    new: () => part("hw-new-name").focus(),
  };

  part("hw-done").addEventListener("click", actions.done);
  part("hw-undo").addEventListener("click", actions.undo);
  part("hw-new-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    alone(async () => {
      const body = new URLSearchParams(new FormData(form)).toString();
      const { content } = await send(start.urls.add, body, "application/x-www-form-urlencoded");
      const errors = Object.values(content.errors || {});
      part("hw-new-error").textContent = errors.join(" ");
      if (errors.length) return;
      codes = content.codes;
      form.reset();
      part("hw-text").focus();
      busy = false;
      if (state.passage) choose([...state.chosen, content.added]); else draw();
    });
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") part("hw-text").focus();
    const wanted = keys.checked && !event.repeat ? meaning(event, codes) : null;
    if (!wanted) return;
    event.preventDefault();
    actions[wanted.does](wanted);
  });
  draw();
}

const root = document.getElementById("hw-coding");
if (root) init(root);
