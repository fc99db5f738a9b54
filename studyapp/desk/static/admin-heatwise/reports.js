// A report that is being made: say how far it is, and show it once it is done.

const EVERY_MS = 1500;

async function look(root) {
  const response = await fetch(root.dataset.state);
  if (!response.ok) return;
  const { status, progress } = await response.json();
  if (status !== "running") { window.location.reload(); return; }
  const line = document.getElementById("hw-report-progress");
  if (line.textContent !== progress) line.textContent = progress;
}

const root = document.getElementById("hw-report");
if (root) setInterval(() => look(root).catch(() => {}), EVERY_MS); // without a network: asked again
