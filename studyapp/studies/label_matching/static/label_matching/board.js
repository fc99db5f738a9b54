// The matching board: labels go from the tray into boxes by dragging, by tapping label and box, or by keys. All three
// end in `put`. What lies where is kept in the form's own lists, so drafts, sending and reloading know of nothing else.

import * as dragging from "../js/dragging.js";
import { asRead } from "../js/keys.js";
import { fill, plain, read, write } from "../js/words.js";
import { moved, messageOf } from "./placing.js";

/** Return a likeness of a label, by its name, that lies where `element` is. */
function likenessOf(name, element) {
  const chip = document.createElement("span");
  chip.className = "chip";
  write(chip, name);
  return dragging.floating(chip, element.getBoundingClientRect());
}

/** Keep room in a box for each of the names, however many lines it takes, so that nothing moves when one is put there. */
function keepRoom(slot, names) {
  for (const name of names) {
    const room = document.createElement("span");
    room.className = "room";
    room.translate = false;
    write(room, name);
    slot.prepend(room);
  }
}

export function init(form) {
  const board = form.querySelector("#board");
  const tray = form.querySelector("[data-tray]");
  const said = form.querySelector("#said");
  const chips = [...tray.querySelectorAll("[data-label]")];
  const called = new Map(chips.map((chip) => [chip.dataset.label, read(chip)])); // in the run's language
  const boxes = [...board.querySelectorAll("[data-box]")].map((zone) => ({
    zone,
    name: zone.dataset.box,
    list: zone.querySelector("select"),
    place: zone.querySelector(".place"),
    back: zone.querySelector(".back"),
  }));
  const names = boxes.map((box) => box.name);
  let held = null;

  const lying = () => boxes.map((box) => box.list.value || null);
  const chipOf = (label) => chips.find((chip) => chip.dataset.label === label);
  const nameOf = (label) => called.get(label);
  const likeness = (label, element) => likenessOf(nameOf(label), element);
  const handleAt = (label) => boxes[lying().indexOf(label)]?.place ?? chipOf(label);
  const record = (name, data) => form.dispatchEvent(new CustomEvent("step:event", { detail: { name, data } }));
  const say = (message, { label, other, ...values } = {}) => {
    write(said, fill(board.dataset[message], { label: nameOf(label), other: nameOf(other), ...values }));
  };

  function draw() {
    const labels = lying();
    for (const [index, { name, place, back, zone }] of boxes.entries()) {
      const label = labels[index];
      const shown = label && nameOf(label);
      write(place, shown ?? name);
      const sentence = fill(board.dataset[label ? "filled" : "empty"], { box: name, label: shown });
      place.setAttribute("aria-label", plain(sentence));
      place.classList.toggle("held", label !== null && label === held);
      zone.classList.toggle("filled", label !== null);
      back.hidden = label === null;
    }
    for (const chip of chips) {
      const label = chip.dataset.label;
      chip.classList.toggle("away", labels.includes(label));
      chip.setAttribute("aria-pressed", String(label === held));
    }
    form.classList.toggle("holding", held !== null);
  }

  function hold(label) {
    held = label;
    draw();
  }

  function pickUp(label) {
    hold(label);
    say("picked", { label });
  }

  function putDown() {
    if (held === null) return;
    say("down", { label: held });
    hold(null);
  }

  /** Put `label` into box `to` (null: the tray), a likeness of it `travelling` there. */
  async function put(label, to, travelling = likeness(label, handleAt(label))) {
    const before = lying();
    const after = moved(before, label, to);
    held = null;
    if (after.join("\n") === before.join("\n")) {
      draw();
      await dragging.travel(travelling, handleAt(label));
      return;
    }
    for (const [index, { list }] of boxes.entries()) {
      if (before[index] === after[index]) continue;
      list.value = after[index] ?? "";
      list.dispatchEvent(new Event("input", { bubbles: true }));
    }
    const moves = form.elements.moves;
    moves.value = Number(moves.value || 0) + 1;
    moves.dispatchEvent(new Event("input", { bubbles: true }));
    const place = (index) => (index === null || index < 0 ? "tray" : names[index]);
    record("moved", { label, from: place(before.indexOf(label)), to: place(to), displaced: before[to] ?? null });
    draw();
    const { message, values } = messageOf(before, label, to, names);
    say(message, values);
    await dragging.travel(travelling, handleAt(label));
  }

  /** After a move by keys the focus goes where the next one begins. */
  function focusNext(to) {
    const waiting = chips.find((chip) => !chip.classList.contains("away"));
    (waiting ?? boxes[to ?? 0].place).focus();
  }

  function onChip(label, byKey) {
    if (held === label) return putDown();
    pickUp(label);
    if (byKey) (boxes.find((box) => !box.list.value) ?? boxes[0]).place.focus();
  }

  function onPlace(index, byKey) {
    const label = lying()[index];
    if (held !== null && held !== label) {
      put(held, index);
      if (byKey) focusNext(index);
    } else if (held !== null) {
      putDown();
    } else if (label) {
      pickUp(label);
    } else {
      say("nothing");
    }
  }

  form.addEventListener("click", ({ target, detail }) => {
    const byKey = detail === 0;
    const chip = target.closest?.("[data-label]");
    if (chip) return onChip(chip.dataset.label, byKey);
    const index = boxes.findIndex((box) => box.zone.contains(target));
    if (index >= 0 && target.closest(".back")) {
      const label = lying()[index];
      put(label, null);
      chipOf(label).focus({ focusVisible: byKey });
    } else if (index >= 0 && (held !== null || target.closest(".place"))) {
      onPlace(index, byKey);
    } else if (held !== null && target.closest("[data-tray]")) {
      if (lying().includes(held)) put(held, null);
      else putDown();
    } else if (held !== null && !target.closest("button")) {
      putDown();
    }
  });

  form.addEventListener("keydown", (event) => {
    const index = boxes.findIndex((box) => box.place === event.target || box.back === event.target);
    const waiting = chips.filter((chip) => !chip.classList.contains("away"));
    const chip = waiting.indexOf(event.target);
    const key = asRead(event.key, board);
    if (event.key === "Escape" && held !== null) putDown();
    else if (index >= 0 && ["Delete", "Backspace"].includes(event.key) && lying()[index]) {
      const label = lying()[index];
      put(label, null);
      chipOf(label).focus();
    } else if (index < 0 && chip < 0) return;
    else if (key === "ArrowLeft") step(index, chip, waiting, -1);
    else if (key === "ArrowRight") step(index, chip, waiting, 1);
    else if (event.key === "ArrowUp" && chip >= 0) boxes[Math.min(chip, boxes.length - 1)].place.focus();
    else if (event.key === "ArrowDown" && index >= 0) waiting[0]?.focus();
    else return;
    event.preventDefault();
  });

  function step(index, chip, waiting, by) {
    const row = index >= 0 ? boxes.map((box) => box.place) : waiting;
    row[Math.max(0, index, chip) + by]?.focus();
  }

  function laid() {
    for (const handle of form.querySelectorAll(".lifted")) handle.classList.remove("lifted");
  }

  dragging.init(form, {
    handleOf: (target) => target.closest("[data-label], .filled .place"),
    itemOf: (handle) => handle.dataset.label ?? boxes.find((box) => box.place === handle)?.list.value,
    likenessOf: likeness,
    zoneAt: (x, y) => document.elementFromPoint(x, y)?.closest("[data-box], [data-tray], .actions") ?? null,
    lift: (label, handle) => {
      hold(label);
      handle.classList.add("lifted");
    },
    over: (zone) => {
      for (const box of boxes) box.zone.classList.toggle("over", box.zone === zone);
    },
    back: (label, travelling) => {
      laid();
      putDown();
      dragging.travel(travelling, handleAt(label));
    },
    drop: (label, zone, travelling) => {
      laid();
      const index = boxes.findIndex((box) => box.zone === zone);
      const from = lying().indexOf(label);
      put(label, index >= 0 ? index : zone ? null : from >= 0 ? from : null, travelling);
    },
  });

  for (const { list, place } of boxes) {
    keepRoom(place.parentElement, [...called.values()]);
    list.tabIndex = -1;
    list.setAttribute("aria-hidden", "true");
    list.addEventListener("focus", () => place.focus()); // an error sends the focus to the field itself
    list.addEventListener("change", draw);
  }
  // Drafts and refused answers are put back into the lists before the step shows.
  new MutationObserver(draw).observe(form, { attributeFilter: ["data-waiting"] });
  draw();
}

init(document.querySelector("#step"));
