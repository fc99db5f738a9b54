// Where coders differ: take one coder's codes over into the boxes.

document.querySelectorAll("[data-takes]").forEach((button) => {
  button.addEventListener("click", () => {
    const wanted = new Set(button.dataset.takes.split(" ").filter(Boolean));
    button.form.querySelectorAll("input[name=codes]").forEach((box) => { box.checked = wanted.has(box.value); });
    button.form.elements.nothing.checked = wanted.has("nothing");
  });
});
