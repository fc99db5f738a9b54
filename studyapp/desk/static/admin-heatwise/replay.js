// The replay: the frame is as large as the participant's window was, made to fit; arrow keys go from step to step.

/** Return by how much a window of `width` shrinks to fit into `room`; it never grows. */
export function scaleOf(width, room) {
  return Math.min(1, room / width);
}

export function fit(stage, frame) {
  const width = Number(frame.dataset.width);
  const height = Number(frame.dataset.height);
  const scale = scaleOf(width, stage.clientWidth);
  Object.assign(frame.style, { width: `${width}px`, height: `${height}px`, transform: `scale(${scale})` });
  stage.style.height = `${Math.ceil(height * scale)}px`;
}

/** Go where the key leads, unless it is meant for something else. */
export function goBy(event, links) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return false;
  if (event.target.closest?.("input, select, textarea")) return false;
  const link = { ArrowLeft: links.previous, ArrowRight: links.next }[event.key];
  if (!link) return false;
  event.preventDefault();
  link.click();
  return true;
}

const stage = document.getElementById("hw-stage");
if (stage) {
  const frame = stage.querySelector("iframe");
  fit(stage, frame);
  window.addEventListener("resize", () => fit(stage, frame));
  const links = { previous: document.querySelector("a[rel=prev]"), next: document.querySelector("a[rel=next]") };
  const listen = (target) => target.addEventListener("keydown", (event) => goBy(event, links));
  listen(document);
  frame.addEventListener("load", () => listen(frame.contentDocument));
  document.querySelector(".hw-tiles [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
}
