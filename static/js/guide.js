// The instructions, within reach on the page itself.

/** Turn the link to the instructions into a button that opens them in a dialogue. */
export function init(root, record) {
  const link = root.querySelector("[data-guide]");
  if (!link) return;
  let dialog = null;
  link.addEventListener("click", async (event) => {
    event.preventDefault();
    try {
      dialog ??= await fetchGuide(link);
    } catch {
      window.open(link.href, "_blank");
      return;
    }
    record("guide_opened");
    dialog.showModal();
    dialog.scrollTop = 0;
    dialog.addEventListener("close", () => record("guide_closed"), { once: true });
  });
}

async function fetchGuide(link) {
  const response = await fetch(link.href, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const guide = page.querySelector("#guide");
  if (!guide) throw new Error("the instructions hold no #guide");
  const dialog = document.querySelector("#guide-dialog");
  dialog.querySelector(".guide-content").replaceChildren(document.adoptNode(guide));
  return dialog;
}
