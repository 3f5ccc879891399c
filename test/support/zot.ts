/** Adapts the Pod, which is made for zot v2, to v1.4.3, because only v1.4.3 can be built here. */
import { parse, stringify } from "yaml";
import type { Bundle } from "../../components/hosts/podman/bundle.ts";

/** Keys of zot's configuration that v1.4.3 doesn't know, and exits for, each with the consequence of its absence. docs/engines.md says the same. */
export const newInV2 = {
  "storage.retention": "keeps untagged and unused images for ever; only the keeper deletes",
  "http.readTimeout": "has no limit for a request",
  "http.writeTimeout": "has no limit for an answer",
  "http.compat": "takes no images in Docker's format",
  "http.accessControl.metrics": "lets everyone on the machine read the metrics",
  "extensions.sync.registries[].preserveDigest": "converts what isn't OCI, so it has another digest",
  "extensions.sync.registries[].syncTimeout": "knows no limit for a sync",
} as const;

/** Deletes a key by its path; `[]` stands for all entries of a list. */
function drop(value: unknown, [name = "", ...rest]: readonly string[]): void {
  const [key = "", isList] = name.split("[]");
  const object = value as Record<string, unknown>;
  if (rest.length === 0) delete object[key];
  else if (isList === undefined) drop(object[key], rest);
  else for (const entry of object[key] as unknown[]) drop(entry, rest);
}

/** zot's configuration in the form that v1.4.3 accepts. */
export function zotV1Config(text: string): string {
  const configuration = parse(text);
  for (const path of Object.keys(newInV2)) drop(configuration, path.split("."));
  // In v1.4.3, the repositories aren't nested: https://zotregistry.dev/v1.4.3/articles/authn-authz
  const { http } = configuration;
  http.accessControl = http.accessControl.repositories;
  return stringify(configuration);
}

/** Distinguishes the engines by content, because their files have the same name. */
function isZot(text: string): boolean {
  return "distSpecVersion" in parse(text);
}

/** A Pod whose zot containers have the configuration of v1.4.3. */
export function withZotV1(bundle: Bundle): Bundle {
  return Object.fromEntries(
    Object.entries(bundle).map(([path, text]) => [
      path,
      /^parts\/origin-[^/]+\/files\/config\.yml$/.test(path) && isZot(text) ? zotV1Config(text) : text,
    ]),
  );
}
