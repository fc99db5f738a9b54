// Masks: polygons and brush strokes on a raster of the image's own pixels; undo, zoom, and all of it by keys too.

import { meant } from "../js/keys.js";

const HISTORY = 100;
const INSIDE = [31, 92, 153, 130];
const ZOOMS = [0.5, 0.75, 1, 1.5, 2, 3, 4, 6, 8, 12];

/** Set the pixels whose centre lies in a polygon of [x, y] corners (even-odd rule). */
export function fillPolygon(mask, width, height, corners, value) {
  for (let y = 0; y < height; y += 1) {
    const crossings = [];
    corners.forEach(([x1, y1], index) => {
      const [x2, y2] = corners[(index + 1) % corners.length];
      if ((y1 <= y + 0.5) !== (y2 <= y + 0.5)) crossings.push(x1 + ((y + 0.5 - y1) * (x2 - x1)) / (y2 - y1));
    });
    crossings.sort((a, b) => a - b);
    for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
      const from = Math.max(0, Math.ceil(crossings[pair] - 0.5));
      const to = Math.min(width, Math.ceil(crossings[pair + 1] - 0.5));
      if (to > from) mask.fill(value, y * width + from, y * width + to);
    }
  }
}

/** Set the pixels within a radius of the line from one point to another. */
export function stroke(mask, width, height, [x1, y1], [x2, y2], radius, value) {
  const length = (x2 - x1) ** 2 + (y2 - y1) ** 2;
  const top = Math.max(0, Math.floor(Math.min(y1, y2) - radius));
  const bottom = Math.min(height - 1, Math.ceil(Math.max(y1, y2) + radius));
  const left = Math.max(0, Math.floor(Math.min(x1, x2) - radius));
  const right = Math.min(width - 1, Math.ceil(Math.max(x1, x2) + radius));
  for (let y = top; y <= bottom; y += 1) {
    for (let x = left; x <= right; x += 1) {
      const [px, py] = [x + 0.5 - x1, y + 0.5 - y1];
      const along = length ? Math.min(1, Math.max(0, (px * (x2 - x1) + py * (y2 - y1)) / length)) : 0;
      const away = (px - along * (x2 - x1)) ** 2 + (py - along * (y2 - y1)) ** 2;
      if (away <= radius ** 2) mask[y * width + x] = value;
    }
  }
}

/** Return the mask with eight pixels in a byte, the first in its highest bit. */
export function packed(mask) {
  const bytes = new Uint8Array(Math.ceil(mask.length / 8));
  mask.forEach((value, index) => { if (value) bytes[index >> 3] |= 128 >> (index & 7); });
  return bytes;
}

/** Return the next zoom in a direction, 1 or −1. */
export function nextZoom(zoom, direction) {
  const further = ZOOMS.filter((step) => (direction > 0 ? step > zoom + 0.001 : step < zoom - 0.001));
  if (!further.length) return zoom;
  return direction > 0 ? further[0] : further[further.length - 1];
}

function loaded(address) {
  return new Promise((resolve, reject) => {
    const image = new Image();
    image.onload = () => resolve(image);
    image.onerror = reject;
    image.src = address;
  });
}

function pixelsOf(image, width, height) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0, width, height);
  return context.getImageData(0, 0, width, height).data;
}

async function init(root) {
  const part = (id) => document.getElementById(id);
  const start = JSON.parse(part("hw-start").textContent);
  const { width, height } = start;
  const view = part("hw-view");
  const canvas = part("hw-canvas");
  const context = canvas.getContext("2d");
  const csrf = root.querySelector("[name=csrfmiddlewaretoken]").value;
  let mask = new Uint8Array(width * height);
  let undone = [];
  let done = [];
  let corners = [];
  let cross = [width / 2, height / 2];
  let last = null; // where the brush was, while it is down
  let zoom = 1;
  let saved = true;

  const photograph = await loaded(start.photograph);
  if (start.mask) {
    const data = pixelsOf(await loaded(start.mask), width, height);
    mask = mask.map((_, index) => (data[4 * index] > 127 ? 1 : 0));
  }

  const tool = () => root.querySelector("[name=tool]:checked").value;
  const value = () => (part("hw-erase").checked ? 0 : 1);
  const radius = () => Number(part("hw-size").value) / 2;

  function draw() {
    canvas.width = Math.round(width * zoom);
    canvas.height = Math.round(height * zoom);
    context.imageSmoothingEnabled = zoom < 1;
    context.drawImage(photograph, 0, 0, canvas.width, canvas.height);
    const layer = new ImageData(width, height);
    mask.forEach((inside, index) => { if (inside) layer.data.set(INSIDE, 4 * index); });
    const sheet = Object.assign(document.createElement("canvas"), { width, height });
    sheet.getContext("2d").putImageData(layer, 0, 0);
    context.imageSmoothingEnabled = false;
    context.drawImage(sheet, 0, 0, canvas.width, canvas.height);
    line(corners.map(([x, y]) => [x * zoom, y * zoom]));
    if (document.activeElement === canvas) drawCross(cross[0] * zoom, cross[1] * zoom);
    part("hw-undo").disabled = !done.length && !corners.length;
    part("hw-redo").disabled = !undone.length;
    part("hw-zoom").textContent = `${Math.round(zoom * 100)} %`;
    part("hw-size-shown").textContent = part("hw-size").value;
    canvas.dataset.inside = mask.reduce((sum, inside) => sum + inside, 0);
    canvas.dataset.zoom = zoom;
  }

  // Every line twice, dark on light, so that it shows on any photograph.
  function traced(path) {
    [["#fff", 4], ["#1e2124", 2]].forEach(([colour, thick]) => {
      context.strokeStyle = colour;
      context.lineWidth = thick;
      context.stroke(path);
    });
  }

  function line(points) {
    if (!points.length) return;
    const path = new Path2D();
    points.forEach(([x, y], index) => (index ? path.lineTo(x, y) : path.moveTo(x, y)));
    points.forEach(([x, y]) => path.rect(x - 3, y - 3, 6, 6));
    traced(path);
  }

  function drawCross(x, y) {
    const path = new Path2D();
    path.moveTo(x - 9, y);
    path.lineTo(x + 9, y);
    path.moveTo(x, y - 9);
    path.lineTo(x, y + 9);
    if (tool() === "brush") path.arc(x, y, Math.max(1, radius() * zoom), 0, 7);
    traced(path);
  }

  function remember() {
    done.push(mask.slice());
    if (done.length > HISTORY) done.shift();
    undone = [];
    saved = false;
    part("hw-state").textContent = "Not saved yet";
  }

  function step(from, to) {
    if (!from.length) return;
    to.push(mask);
    mask = from.pop();
    saved = false;
    part("hw-state").textContent = "Not saved yet";
    draw();
  }

  function undo() {
    if (corners.length) {
      corners.pop();
      draw();
    } else {
      step(done, undone);
    }
  }

  function close() {
    if (corners.length > 2) {
      remember();
      fillPolygon(mask, width, height, corners, value());
    }
    corners = [];
    draw();
  }

  function put(point) {
    if (tool() === "polygon") {
      const [first] = corners;
      const back = corners.length > 2 && Math.hypot(point[0] - first[0], point[1] - first[1]) * zoom < 8;
      if (back) {
        close();
        return;
      }
      corners.push(point);
    } else {
      remember();
      stroke(mask, width, height, point, point, radius(), value());
    }
    draw();
  }

  function at(event) {
    const box = canvas.getBoundingClientRect();
    const limited = (position, size) => Math.min(size, Math.max(0, position));
    return [
      limited(((event.clientX - box.left) / box.width) * width, width),
      limited(((event.clientY - box.top) / box.height) * height, height),
    ];
  }

  function zoomTo(wanted) {
    const [x, y] = cross;
    const offset = [x * zoom - view.scrollLeft, y * zoom - view.scrollTop];
    zoom = wanted;
    draw();
    view.scrollLeft = x * zoom - offset[0];
    view.scrollTop = y * zoom - offset[1];
  }

  function fit() {
    const room = Math.min((view.clientWidth - 16) / width, (view.clientHeight - 16) / height);
    zoomTo(ZOOMS.filter((each) => each <= room).pop() || ZOOMS[0]);
  }

  function show([x, y]) {
    const margin = 24;
    const [left, top] = [x * zoom, y * zoom];
    if (left < view.scrollLeft + margin) view.scrollLeft = left - margin;
    if (left > view.scrollLeft + view.clientWidth - margin) view.scrollLeft = left - view.clientWidth + margin;
    if (top < view.scrollTop + margin) view.scrollTop = top - margin;
    if (top > view.scrollTop + view.clientHeight - margin) view.scrollTop = top - view.clientHeight + margin;
  }

  async function save() {
    if (corners.length > 2) close();
    const sent = mask.slice();
    part("hw-state").textContent = "Saving …";
    try {
      const headers = { "X-CSRFToken": csrf, "Content-Type": "application/octet-stream" };
      const response = await fetch(start.save, { method: "POST", headers, body: packed(sent) });
      if (!response.ok || response.redirected) throw new Error(String(response.status));
      const { share, n_drawn: drawn } = await response.json();
      saved = sent.every((inside, index) => inside === mask[index]);
      part("hw-drawn").textContent = drawn;
      part("hw-state").textContent = share ? `Saved: ${(100 * share).toFixed(1)} % of the image` : "Saved: no region";
    } catch {
      part("hw-state").textContent = "Not saved. Check the connection and whether you are signed in, then save again.";
    }
  }

  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    canvas.setPointerCapture(event.pointerId);
    cross = at(event);
    put(cross);
    last = tool() === "brush" ? cross : null;
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!last) return;
    const here = at(event);
    stroke(mask, width, height, last, here, radius(), value());
    last = here;
    cross = here;
    draw();
  });
  ["pointerup", "pointercancel"].forEach((name) => canvas.addEventListener(name, () => { last = null; }));
  canvas.addEventListener("dblclick", close);
  ["focus", "blur"].forEach((name) => canvas.addEventListener(name, draw));

  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  const onImage = {
    " ": () => put([...cross]),
    Enter: close,
    Backspace: () => { corners.pop(); draw(); },
    Escape: () => { corners = []; draw(); },
    "+": () => zoomTo(nextZoom(zoom, 1)),
    "=": () => zoomTo(nextZoom(zoom, 1)),
    "-": () => zoomTo(nextZoom(zoom, -1)),
    0: fit,
    p: () => root.querySelector("[value=polygon]").click(),
    b: () => root.querySelector("[value=brush]").click(),
    e: () => part("hw-erase").click(),
    "[": () => { part("hw-size").stepDown(2); draw(); },
    "]": () => { part("hw-size").stepUp(2); draw(); },
  };
  // Layouts on which brackets take a second key have something else in their places.
  const places = { BracketLeft: "[", BracketRight: "]" };
  const actionOf = (event) => onImage[event.key] || onImage[meant(event)] || onImage[places[event.code]];
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = moves[event.key];
    if (move) {
      const far = event.shiftKey ? 10 : 1;
      cross = [
        Math.min(width, Math.max(0, cross[0] + far * move[0])),
        Math.min(height, Math.max(0, cross[1] + far * move[1])),
      ];
      draw();
      show(cross);
    } else if (actionOf(event)) {
      actionOf(event)();
    } else {
      return;
    }
    event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    const key = meant(event);
    if (key === "z" && !event.shiftKey) undo();
    else if (key === "y" || key === "z") step(undone, done);
    else if (key === "s") save();
    else return;
    event.preventDefault();
  });

  part("hw-undo").addEventListener("click", undo);
  part("hw-redo").addEventListener("click", () => step(undone, done));
  part("hw-clear").addEventListener("click", () => { corners = []; remember(); mask = new Uint8Array(width * height); draw(); });
  part("hw-in").addEventListener("click", () => zoomTo(nextZoom(zoom, 1)));
  part("hw-out").addEventListener("click", () => zoomTo(nextZoom(zoom, -1)));
  part("hw-fit").addEventListener("click", fit);
  part("hw-save").addEventListener("click", save);
  part("hw-size").addEventListener("input", draw);
  root.addEventListener("submit", (event) => { event.preventDefault(); save(); });
  root.querySelectorAll("[name=tool]").forEach((choice) => choice.addEventListener("change", () => { corners = []; draw(); }));
  part("hw-class")?.addEventListener("change", (event) => {
    const chosen = event.target.value;
    window.location.search = chosen === "" ? "" : `?class=${chosen}`;
  });
  window.addEventListener("beforeunload", (event) => { if (!saved || corners.length) event.preventDefault(); });
  fit();
}

const root = document.getElementById("hw-masks");
if (root) init(root);
