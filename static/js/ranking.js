// Options are ranked by pressing them in their order; the fields of their places are filled in behind.

import { read, write } from "./words.js";

/** Return the order that follows when `option` is pressed: taken back where it is in, put last where it isn't. */
export function pressed(order, option) {
  return order.includes(option) ? order.filter((one) => one !== option) : [...order, option];
}

export function init(root) {
  for (const ranking of root.querySelectorAll(".ranking")) start(ranking);
}

function start(ranking) {
  const rows = [...ranking.querySelectorAll(".places li")].map((li) => ({
    select: li.querySelector("select"),
    words: read(li.querySelector("label")),
    button: buttonIn(li),
  }));
  const status = ranking.querySelector("[role=status]");
  const order = () =>
    rows.filter(({ select }) => select.value).sort((a, b) => Number(a.select.value) - Number(b.select.value));
  const show = () => {
    for (const { select, button } of rows) {
      button.firstChild.textContent = select.value;
      button.setAttribute("aria-pressed", String(select.value !== ""));
    }
  };
  for (const row of rows) {
    row.button.addEventListener("click", () => {
      const next = pressed(order(), row);
      for (const one of rows) one.select.value = next.includes(one) ? String(next.indexOf(one) + 1) : "";
      for (const name of ["input", "change"]) row.select.dispatchEvent(new Event(name, { bubbles: true }));
      show();
      write(status, next.map(({ words }, at) => `${at + 1}. ${words}`).join(", "));
    });
    row.select.addEventListener("focus", () => row.button.focus());
  }
  ranking.classList.add("pressing");
  show();
}

function buttonIn(li) {
  const button = document.createElement("button");
  const place = document.createElement("span");
  const words = document.createElement("span");
  Object.assign(button, { type: "button", className: "option" });
  place.className = "place";
  write(words, read(li.querySelector("label")));
  button.append(place, ...words.childNodes);
  li.append(button);
  return button;
}
