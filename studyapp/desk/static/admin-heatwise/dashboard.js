// The dashboard keeps itself up to date: it asks for its parts and replaces those that differ.

const EVERY_MS = 5000;
const SLOW = 20; // wait at least this many times as long as the server took

/** Return the address that says which parts the page has. */
export function addressOf(dashboard) {
  const has = [...dashboard.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part.dataset.hash]);
  const query = new URLSearchParams(has);
  if ("bots" in dashboard.dataset) query.set("bots", "");
  return `${dashboard.dataset.live}?${query}`;
}

/** Replace the parts that differ; what has the focus keeps it. */
export function apply(dashboard, parts) {
  const focused = document.activeElement?.id;
  for (const [name, { hash, html }] of Object.entries(parts)) {
    const part = dashboard.querySelector(`[data-part="${name}"]`);
    part.innerHTML = html;
    part.dataset.hash = hash;
  }
  if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus();
}

export function init(dashboard, told) {
  const ask = async () => {
    const began = performance.now();
    if (!document.hidden) {
      try {
        const response = await fetch(addressOf(dashboard), { credentials: "same-origin" });
        if (response.redirected || !response.ok) throw new Error(response.status);
        apply(dashboard, await response.json());
        told.textContent = `Up to date, ${new Date().toLocaleTimeString()}`;
      } catch {
        told.textContent = "No answer from the server; the figures may be old";
      }
    }
    setTimeout(ask, Math.max(EVERY_MS, SLOW * (performance.now() - began)));
  };
  setTimeout(ask, EVERY_MS);
}

const dashboard = document.getElementById("hw-dashboard");
if (dashboard) init(dashboard, document.getElementById("hw-live"));
