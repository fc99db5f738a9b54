// The board: pictures go into groups by dragging, by selecting them and tapping a group, or by keys. All end in `put`.
// What lies where is kept in the form's own lists, so drafts, sending and reloading know of nothing else. Every map is
// on the page from the start; switches and the panel only show and hide.

import * as dragging from "../js/dragging.js";
import { asRead, meant } from "../js/keys.js";
import { fill, write } from "../js/words.js";
import * as comparing from "./comparing.js";
import * as looking from "./looking.js";
import { movesTo, neighbour, messageOf } from "./sorting.js";

const THUMB_PX = 72;

export function init(form) {
  const board = form.querySelector("#board");
  const said = form.querySelector("#said");
  const progress = form.querySelector("#placed");
  const cards = new Map(
    [...board.querySelectorAll(".card")].map((card) => [
      Number(card.dataset.picture),
      { card, photo: card.querySelector(".photo"), list: card.querySelector("select") },
    ]),
  );
  const numbers = [...cards.keys()];
  const trays = [...board.querySelectorAll("[data-group]")];
  const selected = new Set();
  const record = (name, data, mode) =>
    form.dispatchEvent(new CustomEvent("step:event", { detail: { name, data, mode } }));
  const groupOf = (picture) => cards.get(picture).list.value || null;
  const placed = () => new Map(numbers.map((picture) => [picture, groupOf(picture)]));
  const trayOf = (group) => trays.find((tray) => tray.dataset.group === group);
  const thumbOf = (picture) => board.querySelector(`.thumb[data-picture="${picture}"]`);
  const pictureAt = (target) => Number(target.closest?.("[data-picture]")?.dataset.picture) || null;
  const say = (message, values = {}) => {
    write(said, fill(board.dataset[message], values));
  };

  function draw() {
    for (const [picture, { card, photo }] of cards) {
      const group = groupOf(picture);
      const on = selected.has(picture);
      photo.setAttribute("aria-pressed", String(on));
      card.classList.toggle("selected", on);
      card.classList.toggle("in-group", group !== null);
      const words = document.createElement("span");
      words.className = "visually-hidden";
      write(words, group ? fill(board.dataset.in, { group }) : "");
      const letter = document.createElement("span");
      letter.setAttribute("aria-hidden", "true");
      letter.textContent = group ?? "";
      photo.querySelector(".its-group").replaceChildren(words, letter);
    }
    for (const tray of trays) drawTray(tray);
    write(progress, fill(progress.dataset.words, {
      placed: numbers.filter(groupOf).length,
      all: numbers.length,
    }));
    form.classList.toggle("holding", selected.size > 0);
    form.querySelector("[data-compare=selected]")?.setAttribute("aria-disabled", String(selected.size === 0));
  }

  function drawTray(tray) {
    const group = tray.dataset.group;
    const inside = numbers.filter((picture) => groupOf(picture) === group);
    tray.querySelector(".count").textContent = inside.length;
    tray.querySelector(".inside").textContent = inside.length ? `: ${inside.join(", ")}` : "";
    const kept = new Map([...tray.querySelectorAll(".thumb")].map((thumb) => [Number(thumb.dataset.picture), thumb]));
    const thumbs = inside.map((picture) => kept.get(picture) ?? thumb(picture));
    for (const one of thumbs) one.classList.toggle("selected", selected.has(Number(one.dataset.picture)));
    tray.querySelector(".thumbs").replaceChildren(...thumbs);
  }

  function thumb(picture) {
    const image = cards.get(picture).photo.querySelector("img").cloneNode();
    const frame = document.createElement("span");
    frame.className = "thumb";
    frame.dataset.picture = picture;
    frame.append(image);
    return frame;
  }

  function select(picture, on = !selected.has(picture)) {
    if (on) selected.add(picture);
    else selected.delete(picture);
    draw();
    say(on ? "selected" : "deselected", { picture, count: selected.size });
    record("selected", { picture, on });
  }

  function clear() {
    if (!selected.size) return;
    for (const picture of selected) record("selected", { picture, on: false });
    selected.clear();
    draw();
    say("cleared");
  }

  /** Put pictures into `group` (null: into none); a `likeness` of the first travels there. */
  function put(pictures, group, likeness = likenessOf(pictures)) {
    const moves = movesTo(placed(), pictures, group);
    for (const { picture, from, to } of moves) {
      const { list } = cards.get(picture);
      list.value = to ?? "";
      list.dispatchEvent(new Event("input", { bubbles: true }));
      record("moved", { picture, from: from ?? "none", to: to ?? "none" });
    }
    if (moves.length) {
      const count = form.elements.moves;
      count.value = Number(count.value || 0) + moves.length;
      count.dispatchEvent(new Event("input", { bubbles: true }));
      const { message, values } = messageOf(moves, group);
      say(message, values);
    }
    for (const picture of pictures) selected.delete(picture);
    draw();
    dragging.travel(likeness, thumbOf(pictures[0]) ?? cards.get(pictures[0]).photo);
  }

  /** Return a small likeness of the first of some pictures, with their number: where it was pressed, or in its middle. */
  function likenessOf(pictures, place) {
    const { photo } = cards.get(pictures[0]);
    const box = photo.getBoundingClientRect();
    const [x, y] = place ? [place.x, place.y] : [box.left + box.width / 2, box.top + box.height / 2];
    const frame = document.createElement("span");
    frame.append(photo.querySelector("img").cloneNode());
    if (pictures.length > 1) {
      const count = document.createElement("span");
      count.className = "pile";
      count.textContent = pictures.length;
      frame.append(count);
    }
    const half = THUMB_PX / 2;
    return dragging.floating(frame, { left: x - half, top: y - half, width: THUMB_PX, height: THUMB_PX });
  }

  /** What a drag, a letter or Delete moves: the picture, and with it all selected ones if it is one of them. */
  const withSelected = (picture) => (selected.has(picture) ? [picture, ...without(selected, picture)] : [picture]);

  function onTray(tray, byKey) {
    if (!selected.size) return say("nothing");
    put([...selected], tray.dataset.group);
    if (byKey) (cards.get(numbers.find((picture) => !groupOf(picture)))?.photo ?? tray.querySelector("button")).focus();
  }

  form.addEventListener("click", (event) => {
    const byKey = event.detail === 0;
    const tray = event.target.closest("[data-group]");
    const picture = pictureAt(event.target);
    if (tray && (!picture || (selected.size && !selected.has(picture)))) return onTray(tray, byKey);
    if (picture && event.target.closest(".photo, .thumb")) select(picture);
  });

  form.addEventListener("keydown", (event) => {
    if (!event.key || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape") return clear();
    const picture = event.target.matches(".photo") ? pictureAt(event.target) : null;
    const from = trays.findIndex((tray) => tray.contains(event.target));
    if (picture) onPhotoKey(event, picture);
    else if (from >= 0 && event.key.startsWith("Arrow")) {
      trays[neighbour(asRead(event.key, board), from, trays.length, 1)].querySelector("button").focus();
      event.preventDefault();
    }
  });

  function onPhotoKey(event, picture) {
    const group = meant(event).toUpperCase();
    if (trayOf(group)) put(withSelected(picture), group);
    else if (["Delete", "Backspace"].includes(event.key)) put(withSelected(picture), null);
    else if (event.key.startsWith("Arrow")) {
      const photos = [...board.querySelectorAll(".photo")];
      const columns = getComputedStyle(board.querySelector(".photos")).gridTemplateColumns.split(" ").length;
      photos[neighbour(asRead(event.key, board), photos.indexOf(cards.get(picture).photo), photos.length, columns)].focus();
    } else return;
    event.preventDefault();
  }

  function laid() {
    for (const { card } of cards.values()) card.classList.remove("lifted");
  }

  dragging.init(board, {
    handleOf: (target) => target.closest(".photo, .thumb"),
    itemOf: pictureAt,
    likenessOf: (picture, handle, place) => likenessOf(withSelected(picture), place),
    zoneAt: (x, y) => document.elementFromPoint(x, y)?.closest("[data-group], .photos") ?? null,
    lift: (picture) => {
      eyes.stop();
      for (const one of withSelected(picture)) cards.get(one).card.classList.add("lifted");
    },
    over: (zone) => {
      for (const tray of trays) tray.classList.toggle("over", tray === zone);
    },
    back: (picture, likeness) => {
      laid();
      dragging.travel(likeness, thumbOf(picture) ?? cards.get(picture).photo);
    },
    drop: (picture, zone, likeness) => {
      laid();
      const group = zone ? (zone.dataset.group ?? null) : groupOf(picture);
      put(withSelected(picture), group, likeness);
    },
  });

  const eyes = looking.init(board.querySelector(".photos"), {
    show: (card, on) => card.classList.toggle("looked-at", on),
    ended: (card, ms, mode) => record("looked", { picture: Number(card.dataset.picture), ms }, mode),
  });
  form.addEventListener("submit", eyes.stop, { capture: true });
  window.addEventListener("pagehide", eyes.stop, { capture: true });

  initSwitches(form, board, record);
  initArranging(form, board, groupOf, record);
  const dialog = document.querySelector("#compare");
  if (dialog) {
    const panel = comparing.init(dialog, record);
    for (const button of form.querySelectorAll("[data-compare]")) {
      button.addEventListener("click", () => {
        const all = [...board.querySelectorAll(".card")];
        const shown = button.dataset.compare === "all" ? all : all.filter((card) => selected.has(pictureAt(card)));
        if (!shown.length) return say("nothing");
        panel.open(shown);
      });
    }
  }

  for (const { list, photo } of cards.values()) {
    list.tabIndex = -1;
    list.setAttribute("aria-hidden", "true");
    list.addEventListener("focus", () => photo.focus()); // an error sends the focus to the field itself
    list.addEventListener("change", draw);
  }
  whenRestored(form, draw);
  draw();
}

/** Let the toolbar choose the map that covers all pictures, or none; a hidden field keeps which over a reload. */
function initSwitches(form, board, record) {
  const switches = [...form.querySelectorAll("[data-switch]")];
  const kept = form.elements.shown;

  function draw() {
    for (const button of switches) button.setAttribute("aria-pressed", String(button.dataset.switch === kept.value));
    for (const map of board.querySelectorAll("[data-map]")) map.classList.toggle("chosen", map.dataset.map === kept.value);
  }

  for (const button of switches) {
    button.addEventListener("click", () => {
      const before = kept.value;
      kept.value = before === button.dataset.switch ? "" : button.dataset.switch;
      draw();
      kept.dispatchEvent(new Event("input", { bubbles: true }));
      if (before) record("switched", { feature: Number(before), on: false });
      if (kept.value) record("switched", { feature: Number(kept.value), on: true });
    });
  }
  if (kept) whenRestored(form, draw);
}

/** Let a button put the pictures that are in one group side by side, and back where they lay. */
function initArranging(form, board, groupOf, record) {
  const button = form.querySelector("[data-arrange]");
  const places = board.querySelector(".photos");
  const cards = [...places.children];
  const order = [...[...board.querySelectorAll("[data-group]")].map((tray) => tray.dataset.group), null];
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    const place = (card) => order.indexOf(groupOf(Number(card.dataset.picture)));
    places.append(...(on ? [...cards].sort((a, b) => place(a) - place(b)) : cards));
    button.setAttribute("aria-pressed", String(on));
    record("arranged", { on });
  });
}

/** Drafts and refused answers are put back into the fields before the step shows: call `redraw` then. */
function whenRestored(form, redraw) {
  new MutationObserver(redraw).observe(form, { attributeFilter: ["data-waiting"] });
}

function without(set, item) {
  return [...set].filter((other) => other !== item);
}

init(document.querySelector("#step"));
