// What is missing or wrong with an answer, beside what it concerns.

import { write } from "./words.js";

/** Show the messages of `{field: [message]}` and move the focus to the first field concerned. */
export function showErrors(form, errors) {
  clearErrors(form);
  for (const [name, messages] of Object.entries(errors)) {
    const place = form.querySelector(`#error-${CSS.escape(name)}`);
    if (place) write(place, messages[0]);
    for (const control of controlsOf(form, name)) control.setAttribute("aria-invalid", "true");
  }
  const first = [...form.elements].find((control) => control.name in errors);
  lineOf(form, first)?.focus({ preventScroll: true });
  first?.closest(".question")?.scrollIntoView({ block: "nearest" });
}

/** Take the message of one field back, once it is being answered. */
export function clearError(form, name) {
  const place = form.querySelector(`#error-${CSS.escape(name)}`);
  if (place) place.textContent = "";
  for (const control of controlsOf(form, name)) control.removeAttribute("aria-invalid");
}

function clearErrors(form) {
  for (const place of form.querySelectorAll(".error")) place.textContent = "";
  for (const control of form.querySelectorAll("[aria-invalid]")) control.removeAttribute("aria-invalid");
}

function controlsOf(form, name) {
  return form.querySelectorAll(`[name="${CSS.escape(name)}"], #line-${CSS.escape(name)}`);
}

/** Return the line that stands for a number's box, or the control itself. */
function lineOf(form, control) {
  return (control && form.querySelector(`#line-${CSS.escape(control.name)}`)) ?? control;
}
