// Pictures of a step: wait until all can be drawn, and fetch those of the next one.

/** Wait until every image is decoded; resolve to those that can't be loaded. */
export async function decodeAll(images) {
  const broken = await Promise.all(images.map((image) => decoded(image)));
  return broken.filter(Boolean);
}

/** Ask for images anew, after they failed. */
export function reload(images) {
  for (const image of images) {
    const address = image.src;
    image.removeAttribute("src");
    image.src = address;
  }
}

/** Fetch images quietly, so that the browser has them when the next step asks. */
export function prefetch(addresses) {
  for (const address of addresses) {
    new Image().src = address;
  }
}

async function decoded(image) {
  try {
    await image.decode();
    return null;
  } catch {
    return image.complete && image.naturalWidth > 0 ? null : image;
  }
}
