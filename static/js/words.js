// Sentences with gaps, as they stand in a page's data attributes.

/** Return a sentence with its `{placeholders}` filled in. */
export function fill(sentence, values) {
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole);
}
