// A page that tries again by itself: it sends its form, or is loaded anew, after some seconds. Without scripts a page that
// is only loaded anew has its own way (`Refresh`), and a form its button.

const form = document.querySelector("[data-again]");
const seconds = Number(form.dataset.again) * (0.75 + Math.random() / 2); // not everybody at the same moment
setTimeout(() => HTMLFormElement.prototype.submit.call(form), seconds * 1000);
