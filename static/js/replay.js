// A step as it was left, for a researcher to look at: shown at once, and nothing is timed, kept, recorded or sent.

const form = document.querySelector("#step");
delete form.dataset.waiting;
form.addEventListener("submit", (event) => event.preventDefault());
for (const control of form.querySelectorAll("input, textarea, select, button[type=submit]")) control.disabled = true;
for (const link of document.querySelectorAll("a")) link.removeAttribute("href");
