// Send one answer until the server has said what became of it, through lost networks and stale tokens.

const LONGEST_PAUSE_MS = 30000;
const [PATIENCE_MS, MOST_PATIENCE_MS] = [20000, 160000];

/** Return how long to wait before try number `tries` (from 1). */
export function pauseBefore(tries) {
  return Math.min(1000 * 2 ** (tries - 1), LONGEST_PAUSE_MS);
}

/** Return how long try number `tries` may take: longer each time, for connections that are slow rather than gone. */
export function patience(tries) {
  return Math.min(PATIENCE_MS * 2 ** (tries - 1), MOST_PATIENCE_MS);
}

/**
 * POST `body` (URLSearchParams) to `submitUrl` until there is an answer, and return it: `{status, next, errors}`;
 * `status` is the server's, `foreign` where another person's run has taken the place of this page's in the browser,, `full` where
 * the last place was taken before somebody consented, or
 * `elsewhere` where the server no longer knows any run by this browser.
 * `onTrouble` is called before each pause; a stale CSRF token is fetched anew from `stateUrl`.
 */
export async function deliver(body, { submitUrl, stateUrl, onTrouble, request = fetch, wait = pauseOrOnline }) {
  for (let tries = 1; ; tries += 1) {
    try {
      const receipt = await post(body, submitUrl, request, tries);
      if (receipt) return receipt;
      body.set("csrfmiddlewaretoken", await freshCsrf(stateUrl, request, tries));
      const second = await post(body, submitUrl, request, tries);
      if (second) return second;
    } catch {
      // no network, or the server is down: the answer stays and is sent again
    }
    onTrouble(tries);
    await wait(pauseBefore(tries));
  }
}

/** Return the server's receipt; null for a stale CSRF token. Throws where trying again may help. */
async function post(body, submitUrl, request, tries) {
  const response = await timed(request, patience(tries), submitUrl, {
    method: "POST",
    body,
    headers: { Accept: "application/json" },
    credentials: "same-origin",
  });
  if (response.status === 403) return null;
  const isJson = response.headers.get("Content-Type")?.startsWith("application/json");
  if (isJson && (response.ok || [409, 422].includes(response.status))) return response.json();
  // Another page came: the browser has lost its run. The answer stays in the outbox until the run is entered again.
  if (response.ok || response.status === 404) return { status: "elsewhere", next: response.url };
  throw new Error(`the server answered ${response.status}`);
}

async function freshCsrf(stateUrl, request, tries) {
  const response = await timed(request, patience(tries), stateUrl, { credentials: "same-origin" });
  return (await response.json()).csrf;
}

/** Ask, and give up after `ms`: the answer to a request that hangs may never come. */
async function timed(request, ms, url, options) {
  const controller = window.AbortController ? new AbortController() : null;
  const timer = setTimeout(() => controller?.abort(), ms);
  try {
    return await request(url, controller ? { ...options, signal: controller.signal } : options);
  } finally {
    clearTimeout(timer);
  }
}

function pauseOrOnline(ms) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      window.removeEventListener("online", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    window.addEventListener("online", done);
  });
}
