// Answers that the server hasn't confirmed yet, kept in the browser by participant and step.

const PREFIX = "heatwise:outbox:";

/** Keep an answer until it is confirmed. A browser that refuses to store it only loses the safety net. */
export function keep(storage, participant, token, body) {
  try {
    storage.setItem(key(participant, token), body);
  } catch {
    // private mode or a full disk: the answer is still on the page and is still sent
  }
}

/** Return a participant's unconfirmed answers: `[{token, body}]`. */
export function waiting(storage, participant) {
  const start = key(participant, "");
  return names(storage)
    .filter((name) => name.startsWith(start))
    .map((name) => ({ token: name.slice(start.length), body: storage.getItem(name) }));
}

/** Forget an answer: the server has it, or will never take it. */
export function drop(storage, participant, token) {
  storage.removeItem(key(participant, token));
}

/** Forget all answers kept in this browser. */
export function empty(storage) {
  for (const name of names(storage)) {
    if (name.startsWith(PREFIX)) storage.removeItem(name);
  }
}

function key(participant, token) {
  return `${PREFIX}${participant}:${token}`;
}

function names(storage) {
  return Array.from({ length: storage.length }, (_, index) => storage.key(index));
}
