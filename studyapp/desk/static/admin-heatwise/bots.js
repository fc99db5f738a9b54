// How far the bots are, while some are walking.

const EVERY_MS = 1000;

export async function follow(orders) {
  try {
    const response = await fetch(orders.dataset.progress, { credentials: "same-origin" });
    if (!response.ok) throw new Error(response.status);
    const { html, running } = await response.json();
    orders.innerHTML = html;
    if (!running) return;
  } catch {
    // asked again: the bots walk on without this page
  }
  setTimeout(follow, EVERY_MS, orders);
}

const orders = document.getElementById("hw-orders");
if (orders) follow(orders);
