// What is sent twice by a double click is sent once.

const SOON_MS = 3000; // later, it was meant: the first was stopped, or never arrived

for (const form of document.querySelectorAll("form[method=post]:not([target])")) {
  form.addEventListener("submit", (event) => {
    if (Date.now() - Number(form.dataset.sent ?? 0) < SOON_MS) event.preventDefault();
    else form.dataset.sent = Date.now();
  });
}
// Coming back by the browser's button shows the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
