// A section of Set up: unfold what a link leads to; warn before unsaved edits are lost.

function warnOfUnsaved(form) {
  let edited = false;
  form.addEventListener("input", () => { edited = true; });
  form.addEventListener("submit", (event) => { if (event.submitter?.form === form) edited = false; });
  window.addEventListener("beforeunload", (event) => { if (edited) event.preventDefault(); });
}

/** Unfold the text that the address, or a link of the page, leads to. */
function unfold() {
  const field = location.hash && document.getElementById(location.hash.slice(1));
  const part = field && field.closest("details");
  if (!part) return;
  part.open = true;
  field.focus();
}

window.addEventListener("hashchange", unfold);
unfold();
const form = document.getElementById("study_form");
if (form) warnOfUnsaved(form);
