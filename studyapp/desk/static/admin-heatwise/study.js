// The study's page: copy the link; unfold what the checklist leads to; warn before unsaved edits are lost.

function copyOnClick(button) {
  const field = document.getElementById(button.dataset.copies);
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

function warnOfUnsaved(form) {
  let edited = false;
  form.addEventListener("input", () => { edited = true; });
  form.addEventListener("submit", (event) => { if (event.submitter?.form === form) edited = false; });
  window.addEventListener("beforeunload", (event) => { if (edited) event.preventDefault(); });
}

/** Unfold the part that the checklist leads to. */
function unfoldAt(link) {
  link.addEventListener("click", () => {
    const part = document.querySelector(link.hash)?.closest("details");
    if (part) part.open = true;
  });
}

document.querySelectorAll('.hw-checklist a[href^="#"]').forEach(unfoldAt);
document.querySelectorAll("[data-copies]").forEach(copyOnClick);
const form = document.getElementById("study_form");
if (form) warnOfUnsaved(form);
