import {
  baseImageNames,
  defaultImages,
  type ImageName,
  type Images,
  registryOf,
} from "../../components/config/images.ts";
import { registryUrl } from "../../components/config/upstream.ts";
import { podmanEnvironment, podmanHas } from "../../components/hosts/local/podman.ts";
import { StepError, step } from "../command/steps.ts";
import { buildImage, findBuiltImage } from "./from-source/image-builds.ts";
import { isReachable } from "./reachable.ts";

/**
 * Ensures that this machine has the images of a Pod. If a pinned default image can't be pulled, an image of the same
 * software is built from packages instead. An image of the user's own choice is never replaced.
 *
 * @param options.prefetch whether the Pod prefetches
 * @returns the references to use: the given ones, or those of built images (`localhost/registry-cache/…`)
 * @throws StepError if an image can be neither pulled nor built
 */
export async function ensureImages(
  images: Images,
  { prefetch = false }: { readonly prefetch?: boolean } = {},
): Promise<Images> {
  const found = { ...images };
  const names = prefetch ? [...baseImageNames, "prefetch" as const] : baseImageNames;
  for (const name of names) found[name] = await ensureImage(name, images[name]);
  return found;
}

/** The same for one container's image. */
export async function ensureImage(name: ImageName, reference: string): Promise<string> {
  if (await podmanHas("image", reference)) return reference;
  if (reference !== defaultImages[name]) {
    await pull(reference);
    return reference;
  }
  const built = await findBuiltImage(name);
  if (built !== undefined) return built;
  if ((await isRegistryReachable(reference)) && (await pulls(reference))) return reference;
  return buildImage(name);
}

async function pull(reference: string): Promise<void> {
  await step(
    `Pulling ${reference}`,
    "make sure that its registry can be reached and has it, or name another image in the stack's configuration",
    (run) => run("podman", ["pull", "--quiet", reference], { env: podmanEnvironment(), timeoutSeconds: 900 }),
  );
}

async function pulls(reference: string): Promise<boolean> {
  try {
    await pull(reference);
    return true;
  } catch (error) {
    if (!(error instanceof StepError)) throw error;
    console.error(`  ${error.message}\n  The image is built from packages instead.`);
    return false;
  }
}

const checks = new Map<string, Promise<boolean>>();

/** Checks each registry once, because podman itself would retry for minutes, for each image. */
function isRegistryReachable(reference: string): Promise<boolean> {
  const url = `${registryUrl(registryOf(reference))}/v2/`;
  const check = checks.get(url) ?? isReachable(url);
  checks.set(url, check);
  return check;
}
