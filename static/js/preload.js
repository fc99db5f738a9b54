// Pictures of a step: wait until all can be drawn, and fetch those of the next one.

/** Wait until every image is decoded; resolve to those that can't be loaded. */
export async function decodeAll(images) {
  const broken = await Promise.all(images.map((image) => decoded(image)));
  return broken.filter(Boolean);
}

/** Wait until every image is decoded, asking anew for those that fail; resolve to those that fail for good. */
export async function decodeInTime(images, pauses = [300, 1000]) {
  let broken = await decodeAll(images);
  for (const ms of pauses) {
    if (!broken.length) break;
    await new Promise((resolve) => setTimeout(resolve, ms));
    reload(broken);
    broken = await decodeAll(broken);
  }
  return broken;
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
    await (image.decode ? image.decode() : loaded(image));
    return null;
  } catch {
    return image.complete && image.naturalWidth > 0 ? null : image;
  }
}

function loaded(image) {
  if (image.complete) return Promise.resolve();
  return new Promise((resolve, reject) => {
    image.addEventListener("load", resolve, { once: true });
    image.addEventListener("error", reject, { once: true });
  });
}
