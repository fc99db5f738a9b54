// What is sent twice by a double click is sent once.

for (const form of document.querySelectorAll("form[method=post]:not([target])")) {
  form.addEventListener("submit", (event) => {
    if ("sent" in form.dataset || event.defaultPrevented) event.preventDefault();
    else form.dataset.sent = "";
  });
}
// Coming back by the browser's button shows the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
