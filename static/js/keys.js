// Which letter or digit a key stands for, whatever the keyboard's layout: AZERTY types & where a 1 is printed, a Cyrillic
// one ф where others have an A, and an input method hides what was typed.

const LATIN = /^[a-z0-9]$/i;
const LETTER = /^\p{L}$/u;
const DIGIT = /^\p{Nd}$/u;

/**
 * Return what a keydown stands for: a small Latin letter or a digit, or else the key's name as it is ("Escape").
 * What is typed counts first; where that is neither, the place of the key does.
 */
export function meant({ key = "", code = "", isComposing = false }) {
  if (LATIN.test(key)) return key.toLowerCase();
  if (isComposing) return key;
  const typed = [...key].length === 1 || ["Process", "Unidentified", "Dead"].includes(key);
  const [, letter, digit] = (typed && code.match(/^(?:Key([A-Z])|Digit([0-9]))$/)) || [];
  return letter?.toLowerCase() ?? digit ?? key;
}

/** Return an arrow key as a page is read: where lines run from right to left, the left arrow leads on. */
export function asRead(key, element) {
  const turned = { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" };
  return getComputedStyle(element).direction === "rtl" ? (turned[key] ?? key) : key;
}

/**
 * Return how the key that stands for a letter or digit is shown: as what a layout, a map from code to what is typed,
 * types with it; as itself where that isn't known, is Latin somewhere else, or is no letter or digit.
 */
export function shownAs(wanted, layout) {
  const letter = LETTER.test(wanted);
  const typed = layout?.get(letter ? `Key${wanted.toUpperCase()}` : `Digit${wanted}`) ?? "";
  if (LATIN.test(typed) || !(letter ? LETTER : DIGIT).test(typed)) return wanted;
  return wanted === wanted.toUpperCase() ? typed.toUpperCase() : typed;
}

/** Let every `<kbd>` in `root` that holds one letter or digit show what this keyboard types with that key. */
export async function show(root) {
  const shown = [...root.querySelectorAll("kbd")].filter((element) => LATIN.test(element.textContent));
  if (!shown.length) return;
  const layout = await navigator.keyboard?.getLayoutMap?.();
  for (const element of shown) element.textContent = shownAs(element.textContent, layout);
}
