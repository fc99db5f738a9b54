// A link is copied by a click on the button beside it.

function copyOnClick(button) {
  const field = document.getElementById(button.dataset.copies);
  button.addEventListener("click", async () => {
    field.select();
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

document.querySelectorAll("[data-copies]").forEach(copyOnClick);
