// What happens on a page, sent in batches beside the answer and never in its way.

const EVERY_MS = 5000;
const AT_MOST = 400;

/** Return `record(name, data, mode)` and `flush()`; `clock` gives the time, `mode` the way of acting. */
export function startEvents({ url, token, csrf, clock, mode, send = fetch }) {
  let buffer = [];
  let count = 0;
  const page = Date.now().toString(36) + Math.random().toString(36).slice(2, 10);
  const record = (name, data = {}, inputMode = mode()) => {
    if (buffer.length >= AT_MOST) return;
    count += 1; // a batch that is sent again counts once by its events' uids
    buffer.push({ uid: `${page}-${count}`, name, t_ms: clock.elapsed(), input_mode: inputMode, data });
  };
  const flush = async () => {
    if (!buffer.length) return;
    const batch = buffer;
    buffer = [];
    try {
      const response = await send(url, {
        method: "POST",
        keepalive: true,
        credentials: "same-origin",
        headers: { "Content-Type": "application/json", "X-CSRFToken": csrf() },
        body: JSON.stringify({ token, events: batch }),
      });
      if (response.status >= 500) buffer = [...batch, ...buffer].slice(0, AT_MOST);
    } catch {
      buffer = [...batch, ...buffer].slice(0, AT_MOST);
    }
  };
  setInterval(flush, EVERY_MS);
  window.addEventListener("pagehide", flush);
  return { record, flush };
}
