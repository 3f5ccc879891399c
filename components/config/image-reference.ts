import { registryPattern, repositoryPattern } from "./text.ts";

/** A reference to an image or chart, with the registry that clients use. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  /** A tag, a tag pattern in which each `*` matches any text, or a digest `sha256:…`. */
  readonly reference: string;
}

const grammar = new RegExp(
  `^(?:oci://)?(?<registry>${registryPattern})/(?<repository>${repositoryPattern})(?::(?<tag>[\\w*][\\w.*-]{0,127}))?(?:@(?<digest>sha256:[a-f0-9]{64}))?$`,
);

/**
 * Parses `registry/repository:tag`. The registry is required. A digest, `@sha256:…`, can follow and takes precedence over the tag. Helm's prefix `oci://` is allowed.
 * @returns undefined if the text isn't a reference, or has neither tag nor digest
 */
export function imageReference(text: string): ImageReference | undefined {
  const { registry, repository, tag, digest } = grammar.exec(text)?.groups ?? {};
  const reference = digest ?? tag;
  if (registry === undefined || repository === undefined || reference === undefined) return undefined;
  return { registry, repository, reference };
}

export function referenceText({ registry, repository, reference }: ImageReference): string {
  return `${registry}/${repository}${reference.startsWith("sha256:") ? "@" : ":"}${reference}`;
}
