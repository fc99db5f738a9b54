// Sentences as they stand in a page's data attributes: with gaps, and with marks round what is in another language than
// the page's, as `core/foreign.py` makes them.

const MARK = /(\ufdd0[\w-]*\ufdd1|\ufdd2)/;
const marked = (words, language) => `\ufdd0${language}\ufdd1${words}\ufdd2`;

/** Return a sentence with its `{placeholders}` filled in; a foreign sentence's fillings are in the page's language. */
export function fill(sentence, values) {
  const own = MARK.test(sentence) ? (value) => marked(value, "") : (value) => value;
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (values[name] === undefined ? whole : own(values[name])));
}

/** Show words in an element, each with its language where that isn't the page's. */
export function write(element, words) {
  const languages = [];
  const shown = document.createDocumentFragment();
  for (const piece of words.split(MARK)) {
    if (piece === "\ufdd2") languages.pop();
    else if (piece.startsWith("\ufdd0")) languages.push(piece.slice(1, -1));
    else if (piece) shown.append(spoken(piece, languages[languages.length - 1]));
  }
  element.replaceChildren(shown);
}

/** Return words without their marks, for where no element can stand. */
export function plain(words) {
  return words.split(MARK).filter((piece) => !MARK.test(piece)).join("");
}

/** Return an element's words, marked where it shows them as foreign. */
export function read(element) {
  const foreign = element.querySelector("span[lang]");
  return foreign ? marked(element.textContent, foreign.lang) : element.textContent;
}

function spoken(words, language) {
  if (!language || !words.trim()) return words;
  const span = document.createElement("span");
  span.lang = language;
  span.textContent = words;
  return span;
}
