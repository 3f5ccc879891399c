import { defaultImages, type Images } from "../../components/config/images.ts";
import { ensureImages } from "../../scripts/setup/images.ts";

const found = new Map<boolean, Promise<Images>>();

/** The images of a cache's Pod on this machine. Looked up once per process, because this takes ten calls of podman. */
export function podImages({ prefetch = false } = {}): Promise<Images> {
  const images = found.get(prefetch) ?? ensureImages(defaultImages, { prefetch });
  found.set(prefetch, images);
  return images;
}
