import { defaultImages, type Images } from "../../components/config/images.ts";
import { ensureImages } from "../../scripts/setup/images.ts";

/** The variable by which a run hands the images on to its test processes, as JSON. */
const handedOn = "REGISTRY_CACHE_TEST_IMAGES";

let found: Promise<Images> | undefined;

/** The images of a cache's Pod on this machine. Looked up once per run of all tests, because this takes a dozen calls of podman. */
export async function podImages(): Promise<Images> {
  const known = process.env[handedOn];
  if (known !== undefined) return JSON.parse(known);
  found ??= ensureImages(defaultImages, { prefetch: true });
  return await found;
}

/** Ensures them for this process and those that it starts. */
export async function handOnPodImages(): Promise<void> {
  process.env[handedOn] = JSON.stringify(await podImages());
}
