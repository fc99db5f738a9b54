// What happens on a page, sent in batches beside the answer and never in its way.

const EVERY_MS = 5000;
const AT_MOST = 400;

/** Return `record(name, data, mode)` and `flush()`; `clock` gives the time, `mode` the way of acting. */
export function startEvents({ url, token, csrf, clock, mode, send = fetch }) {
  let buffer = [];
  const record = (name, data = {}, inputMode = mode()) => {
    if (buffer.length < AT_MOST) buffer.push({ name, t_ms: clock.elapsed(), input_mode: inputMode, data });
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
