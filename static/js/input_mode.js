// How the participant acts: mouse, touch or keyboard, whichever was used last.

/** Return whether a key was pressed: on-screen keyboards and what fills in forms send keydown events without one. */
export function isPressed(event) {
  return Boolean(event.code) || (Boolean(event.key) && !["Unidentified", "Process", "Dead"].includes(event.key));
}

/** Watch `root` and return a function that says the present mode; empty before anything was done. */
export function watchInputMode(root) {
  let mode = "";
  root.addEventListener("pointerdown", (event) => (mode = event.pointerType === "mouse" ? "mouse" : "touch"), true);
  root.addEventListener(
    "keydown",
    (event) => {
      if (isPressed(event)) mode = "keyboard";
    },
    true,
  );
  return () => mode;
}
