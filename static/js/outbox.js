// Answers that the server hasn't confirmed yet, kept in the browser by participant and step. A browser that refuses to
// store them only loses the safety net: the answer is still on the page and is still sent.

const PREFIX = "heatwise:outbox:";

/** Keep an answer until it is confirmed. */
export function keep(store, participant, token, body) {
  store.set(key(participant, token), body);
}

/** Return a participant's unconfirmed answers: `[{token, body}]`. */
export function waiting(store, participant) {
  const start = key(participant, "");
  return store
    .names()
    .filter((name) => name.startsWith(start))
    .map((name) => ({ token: name.slice(start.length), body: store.get(name) ?? "" }));
}

/** Forget an answer: the server has it, or will never take it. */
export function drop(store, participant, token) {
  store.remove(key(participant, token));
}

/** Forget all answers of a participant that are kept in this browser. */
export function empty(store, participant) {
  for (const { token } of waiting(store, participant)) drop(store, participant, token);
}

function key(participant, token) {
  return `${PREFIX}${participant}:${token}`;
}
