// A parameter that is a table: add, remove and move rows. The fields of a column share a name, so their order is all.

function init(root) {
  const body = root.querySelector("tbody");
  const said = root.querySelector("[role=status]");

  function changed(words) {
    [...body.rows].forEach((row, index) => {
      for (const part of row.querySelectorAll("[data-label]")) part.ariaLabel = `${part.dataset.label}, row ${index + 1}`;
    });
    said.textContent = words;
    root.dispatchEvent(new Event("input", { bubbles: true }));
  }

  function add() {
    body.append(root.querySelector("template").content.cloneNode(true));
    body.lastElementChild.querySelector("input, select").focus();
    changed(`Row ${body.rows.length} added`);
  }

  function remove(row) {
    const next = row.nextElementSibling ?? row.previousElementSibling;
    row.remove();
    (next?.querySelector("[data-removes]") ?? root.querySelector("[data-adds]")).focus();
    changed(`Row removed, ${body.rows.length} left`);
  }

  function move(row, by, button) {
    const other = by < 0 ? row.previousElementSibling : row.nextElementSibling;
    if (!other) return;
    other[by < 0 ? "before" : "after"](row);
    button.focus();
    changed(`Now row ${[...body.rows].indexOf(row) + 1}`);
  }

  root.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    const row = button.closest("tr");
    if ("adds" in button.dataset) add();
    else if ("removes" in button.dataset) remove(row);
    else move(row, Number(button.dataset.moves), button);
  });
}

document.querySelectorAll(".hw-rows").forEach(init);
