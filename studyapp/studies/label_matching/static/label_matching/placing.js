// Where the labels lie: one entry per box from left to right, a label or null. Pure functions.

/** Return the boxes after `label` moves to box `to` (null: back to the tray). What lies there makes way: it swaps. */
export function moved(boxes, label, to) {
  const next = [...boxes];
  const from = next.indexOf(label);
  const there = to === null ? null : next[to];
  if (from >= 0) next[from] = there === label ? null : there;
  if (to !== null) next[to] = label;
  return next;
}

/** Return what a move did: `{message, values}`, the message being the key of what is said about it. */
export function messageOf(before, label, to, names) {
  const from = before.indexOf(label);
  const other = to === null ? null : before[to];
  if (to === null) return { message: "returned", values: { label } };
  const values = { label, box: names[to] };
  if (!other) return { message: "placed", values };
  if (from < 0) return { message: "replaced", values: { ...values, other } };
  return { message: "swapped", values: { ...values, other, from: names[from] } };
}
