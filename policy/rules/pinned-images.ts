import { gunzipSync } from "node:zlib";
import { type Resource, rule } from "../rule.ts";
import { valueAt } from "../values.ts";
import { containersOf, podOf } from "./pods.ts";

const digest = /@sha256:[a-f0-9]{64}$/;

function isPinned(image: string): boolean {
  return digest.test(image);
}

/** The image references that a resource runs, pinned or not. */
function imagesOf(resource: Resource): string[] {
  const { type, props } = resource;
  if (type === "aws:s3/bucketObjectv2:BucketObjectv2" && /^pods\/.*\.json$/.test(String(props.key)))
    return ofBundle(String(props.content));
  if (type === "azure-native:compute:VirtualMachine" && props.userData !== undefined) {
    const bytes = Buffer.from(String(props.userData), "base64");
    // The first line is the digest of the bundle that follows.
    return ofBundle(gunzipSync(bytes.subarray(bytes.indexOf("\n") + 1)).toString());
  }
  return containersOf(podOf(resource)).map((it) => String(valueAt("image", it)));
}

/** The images in the bundle that a machine runs: see components/hosts/podman/bundle.ts. */
function ofBundle(text: string): string[] {
  const files: Record<string, string> = JSON.parse(text);
  return Object.keys(files).flatMap((path) =>
    /^parts\/[^/]+\/image$/.test(path) ? [files[path] ?? ""] : [],
  );
}

export const pinnedImages = rule({
  name: "pinned-images",
  level: "mandatory",
  what: "Every image of the cache is named with its digest. The rule doesn't see the images of a Helm release, such as cert-manager's. The stack `local` may also run images that were built on its machine.",
  why: "Otherwise, anyone who can move a tag could run programs in every region. With a digest, the reviewed image runs.",
  each: (resource) =>
    [...new Set(imagesOf(resource))]
      .filter((image) => !isPinned(image))
      .map((image) => `runs ${image}: add its digest, \`@sha256:…\``),
  configuration: (_, { provider, images }) =>
    Object.entries(images)
      .filter(([, image]) => provider !== "local" && image !== undefined && !isPinned(image))
      .map(([name, image]) => ({
        path: `images.${name}`,
        message: `${image} has no digest: add \`@sha256:…\`, which \`skopeo inspect\` shows`,
      })),
});
