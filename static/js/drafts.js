// What is typed and chosen is kept on the server while a step is being answered, so that it is there on any device; and
// in this tab, for what the server hasn't got yet when the page is loaded anew. The change with the larger number wins.

const PREFIX = "heatwise:draft:";
const OWN = new Set(["csrfmiddlewaretoken", "token", "timing"]);
const PAUSE_MS = 700; // after the last change
const AT_LATEST_MS = 3000; // after the first one that wasn't sent
const AHEAD = 1000; // more changes than are made while nothing is sent

/** Return the answer's fields as `[[name, value]]`. */
export function fieldsOf(form) {
  return [...new FormData(form)].filter(([name, value]) => !OWN.has(name) && typeof value === "string");
}

/** Put kept fields back into the form, where it has them. */
export function fill(form, fields) {
  const kept = new Map();
  for (const [name, value] of fields) kept.set(name, [...(kept.get(name) ?? []), value]);
  for (const control of form.elements) {
    const values = OWN.has(control.name) ? undefined : kept.get(control.name);
    if (!values) continue;
    if (["radio", "checkbox"].includes(control.type)) control.checked = values.includes(control.value);
    else if (control.type === "select-multiple") {
      for (const option of control.options) option.selected = values.includes(option.value);
    } else if (control.type !== "submit" && control.type !== "button" && values.length) control.value = values.shift();
  }
}

/** Return which of two drafts, `{number, fields}`, was changed last. */
export function latest(one, other) {
  return other && other.number > one.number ? other : one;
}

/**
 * Put back what was begun, keep what changes, and return `stop()` for when the answer is on its way, `goOn()` for when
 * it was refused, and `forget()` for when it has arrived. `known` is the server's draft; `url` is where drafts go.
 */
export function init(form, { token, url, known, store, send = fetch, beacon = sendBeacon }) {
  const name = PREFIX + token;
  let present = latest(known, parsed(store.get(name)));
  let sent = known.number;
  let stopped = false;
  let since = 0;
  let timer = null;
  if (present.fields.length) fill(form, present.fields);

  const body = () =>
    new URLSearchParams({
      csrfmiddlewaretoken: form.elements.csrfmiddlewaretoken.value,
      token,
      number: present.number,
      fields: JSON.stringify(present.fields),
    });

  async function bring() {
    clearTimeout(timer);
    since = 0;
    if (stopped || present.number <= sent) return;
    const { number } = present;
    try {
      const response = await send(url, { method: "POST", body: body(), credentials: "same-origin" });
      if (!response.ok) return;
      const { status } = await response.json();
      sent = Math.max(sent, number);
      // Another device has changed more: what is changed here from now on is to be newer than that.
      if (status === "older") sent = present.number += AHEAD;
    } catch {
      // no network: the next change, or the answer itself, is sent instead
    }
  }

  form.addEventListener("input", () => {
    if (stopped) return;
    present = { number: present.number + 1, fields: fieldsOf(form) };
    store.set(name, JSON.stringify(present));
    since ||= performance.now();
    clearTimeout(timer);
    timer = setTimeout(bring, Math.max(0, Math.min(PAUSE_MS, since + AT_LATEST_MS - performance.now())));
  });
  const leaving = () => {
    if (!stopped && present.number > sent && beacon(url, body())) sent = present.number;
  };
  window.addEventListener("pagehide", leaving);
  document.addEventListener("visibilitychange", () => document.hidden && leaving());
  if (present.number > sent) bring();
  return {
    stop() {
      stopped = true;
      clearTimeout(timer);
    },
    forget: () => store.remove(name),
    goOn() {
      stopped = false;
    },
  };
}

function parsed(text) {
  try {
    const { number, fields } = JSON.parse(text);
    return Number.isInteger(number) && Array.isArray(fields) ? { number, fields } : null;
  } catch {
    return null;
  }
}

function sendBeacon(url, body) {
  return navigator.sendBeacon?.(url, body) ?? false;
}

/** Forget all drafts of this tab. */
export function empty(store) {
  for (const name of store.names()) {
    if (name.startsWith(PREFIX)) store.remove(name);
  }
}
