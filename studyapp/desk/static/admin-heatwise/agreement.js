// The coding overview: agreement as it stands now, asked for again every few seconds while the page is looked at.

const EVERY_MS = 10_000;

export async function refresh(section) {
  const response = await fetch(section.dataset.refresh, { headers: { Accept: "text/html" } });
  if (!response.ok || response.redirected) return;
  const fresh = await response.text();
  if (section.contains(document.activeElement)) return;
  section.innerHTML = fresh;
}

const section = document.querySelector("[data-refresh]");
if (section) {
  setInterval(() => {
    if (!document.hidden) refresh(section).catch(() => {}); // without a network the last figures stay
  }, EVERY_MS);
}
