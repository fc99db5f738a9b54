// Which picture lies in which group: a map from picture to group, or null. Pure functions.

/** Return the moves that put `pictures` into `group` (null: into none): `[{picture, from, to}]`, those that change. */
export function movesTo(placed, pictures, group) {
  return pictures
    .filter((picture) => placed.get(picture) !== group)
    .map((picture) => ({ picture, from: placed.get(picture), to: group }));
}

/** Return what moves did: `{message, values}`, the message being the key of what is said about it. */
export function messageOf(moves, group) {
  const one = moves.length === 1;
  const message = group === null ? (one ? "returned" : "manyReturned") : one ? "placed" : "many";
  return { message, values: { picture: moves[0].picture, count: moves.length, group } };
}

/** Return where an arrow key leads from place `from` in rows of `columns`; `from` itself at the edges. */
export function neighbour(key, from, count, columns) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  const to = from + (steps[key] ?? 0);
  return to >= 0 && to < count ? to : from;
}
