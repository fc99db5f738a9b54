// How the participant acts: mouse, touch or keyboard, whichever was used last.

/** Watch `root` and return a function that says the present mode; empty before anything was done. */
export function watchInputMode(root) {
  let mode = "";
  root.addEventListener("pointerdown", (event) => (mode = event.pointerType === "mouse" ? "mouse" : "touch"), true);
  root.addEventListener("keydown", () => (mode = "keyboard"), true);
  return () => mode;
}
