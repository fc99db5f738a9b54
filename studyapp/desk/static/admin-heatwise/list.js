// Lists: the box in the head ticks all rows of the page; one menu is open at a time, and Escape closes it.

function tickAll(head) {
  const boxes = [...document.querySelectorAll("#result_list .action-select")];
  head.addEventListener("change", () => boxes.forEach((box) => { box.checked = head.checked; }));
}

function closeOthers(menu) {
  menu.addEventListener("toggle", () => {
    if (!menu.open) return;
    for (const other of document.querySelectorAll(".hw-menu[open]")) other.open = other === menu;
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });
}

const head = document.getElementById("action-toggle");
if (head) tickAll(head);
document.querySelectorAll(".hw-menu").forEach(closeOthers);
document.addEventListener("click", ({ target }) => {
  for (const menu of document.querySelectorAll(".hw-menu[open]")) menu.open = menu.contains(target);
});
