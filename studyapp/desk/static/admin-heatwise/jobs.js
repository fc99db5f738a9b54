// How far jobs are, while one is under way: what is marked data-live is brought up to date, so that a button stays
// the same under the pointer; where other parts are there than before, all is replaced.

const EVERY_MS = 1000;

/** Bring what `root` shows up to date with the server's `html`. */
export function apply(root, html) {
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const live = (node) => [...node.querySelectorAll("[data-live]")];
  const before = live(root);
  const after = live(fresh.content);
  const same = before.length === after.length && before.every((part, n) => part.dataset.live === after[n].dataset.live);
  if (!same) {
    root.replaceChildren(fresh.content);
    return;
  }
  before.forEach((part, n) => {
    for (const name of ["max", "value"]) {
      if (after[n].hasAttribute(name)) part.setAttribute(name, after[n].getAttribute(name));
      else part.removeAttribute(name);
    }
    if (part.textContent !== after[n].textContent) part.textContent = after[n].textContent;
  });
}

/** Ask how far the jobs are until none is under way; then show the whole page anew where it has more to show. */
export async function follow(root) {
  try {
    const response = document.hidden ? null : await fetch(root.dataset.jobs, { credentials: "same-origin" });
    if (response?.redirected || response?.ok === false) throw new Error(response.status);
    if (response) {
      const { html, under_way } = await response.json();
      if (!under_way && root.dataset.then === "reload") {
        window.location.reload();
        return;
      }
      apply(root, html);
      if (!under_way) return;
    }
  } catch {
    // asked again: the jobs go on without this page
  }
  setTimeout(follow, EVERY_MS, root);
}

for (const root of document.querySelectorAll("[data-jobs]")) follow(root);
