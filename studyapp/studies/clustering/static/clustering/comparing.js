// The panel that shows selected pictures in rows and their maps in columns, made of what is on the page already.

/** Let `dialog` open on cards: `open(cards)`; `record(name, data)` tells what is done in it. */
export function init(dialog, record) {
  const body = dialog.querySelector("tbody");
  const switches = [...dialog.querySelectorAll("[data-column]")];
  let openedAt = 0;

  function column(feature, on) {
    for (const cell of dialog.querySelectorAll(`[data-column-of="${feature}"]`)) cell.hidden = !on;
  }

  for (const button of switches) {
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      column(button.dataset.column, on);
      record("compare_switched", { feature: Number(button.dataset.column), on });
    });
  }
  dialog.addEventListener("close", () => record("compare_closed", { ms: Math.round(performance.now() - openedAt) }));

  return {
    open(cards) {
      body.replaceChildren(...cards.map(row));
      for (const button of switches) column(button.dataset.column, button.getAttribute("aria-pressed") === "true");
      openedAt = performance.now();
      record("compare_opened", { pictures: cards.map((card) => Number(card.dataset.picture)) });
      dialog.showModal();
    },
  };
}

function row(card) {
  const line = document.createElement("tr");
  for (const tile of card.querySelectorAll(".tile")) {
    const cell = document.createElement(tile.dataset.map ? "td" : "th");
    if (tile.dataset.map) cell.dataset.columnOf = tile.dataset.map;
    else cell.scope = "row";
    cell.append(tile.cloneNode(true));
    line.append(cell);
  }
  return line;
}
