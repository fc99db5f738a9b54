// A questionnaire's items as the desk previews them: lines, rankings and what follows from answers, nothing is sent.

import { init } from "./questionnaire.js";

const form = document.querySelector("#step");
form.addEventListener("submit", (event) => event.preventDefault());
init(form);
