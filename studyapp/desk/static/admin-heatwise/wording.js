// Texts are shown beside their field as participants will see them, while they are typed.

const PAUSE_MS = 300;

/** Return `run(...)` that calls `act` once nothing has called it for a while. */
export function settled(act, ms = PAUSE_MS) {
  let waiting = 0;
  return (...values) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => act(...values), ms);
  };
}

async function ask(address, csrf, text) {
  const response = await fetch(address, {
    method: "POST",
    credentials: "same-origin",
    headers: { "X-CSRFToken": csrf },
    body: new URLSearchParams({ text }),
  });
  if (!response.ok) throw new Error(response.status);
  return response.json();
}

function showBeside(part, address, csrf) {
  const field = part.querySelector("textarea");
  const shown = part.querySelector("[data-shown]");
  const note = part.querySelector("[data-later]");
  let asked = 0;
  const update = async () => {
    const mine = (asked += 1);
    try {
      const { html, later } = await ask(address, csrf(), field.value);
      if (mine !== asked) return;
      shown.innerHTML = html;
      note.textContent = later.length ? `Filled in later: ${later.join(", ")}` : "";
    } catch {
      note.textContent = "No answer from the server; the text is kept here until you save.";
    }
  };
  field.addEventListener("input", settled(update));
  return update;
}

export function init(root) {
  const csrf = () => root.closest("form").elements.csrfmiddlewaretoken.value;
  for (const part of root.querySelectorAll("details.hw-text")) {
    const update = showBeside(part, root.dataset.wording, csrf);
    const onOpen = () => part.open && update();
    part.addEventListener("toggle", onOpen);
    onOpen();
  }
}

const texts = document.querySelector("[data-wording]");
if (texts) init(texts);
