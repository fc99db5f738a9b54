// The browser's own storage where there is one, which may be blocked, full or absent: a page never needs it.

/** Return `get`, `set`, `remove` and `names` of a storage ("local" or "session"); what can't be kept is forgotten. */
export function open(kind) {
  const attempt = (act, otherwise) => {
    try {
      return act(window[`${kind}Storage`]) ?? otherwise;
    } catch {
      return otherwise; // blocked, full or absent
    }
  };
  return {
    get: (name) => attempt((storage) => storage.getItem(name), null),
    set: (name, value) => attempt((storage) => storage.setItem(name, value)),
    remove: (name) => attempt((storage) => storage.removeItem(name)),
    names: () => attempt((storage) => Array.from({ length: storage.length }, (_, index) => storage.key(index)), []),
  };
}
