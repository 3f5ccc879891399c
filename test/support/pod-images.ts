import { defaultImages, type Images } from "../../components/config/images.ts";
import { ensureImages } from "../../scripts/setup/images.ts";

const found = new Map<boolean, Promise<Images>>();

/** The images of a cache's Pod that this machine has. Asked for once in each process, as that is ten calls of podman. */
export function podImages({ prefetch = false } = {}): Promise<Images> {
  const images = found.get(prefetch) ?? ensureImages(defaultImages, { prefetch });
  found.set(prefetch, images);
  return images;
}
