/** A reference to an image or chart, with the registry that clients use. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  /** A tag, a tag pattern in which each `*` matches any text, or a digest `sha256:…`. */
  readonly reference: string;
}

const host = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
const registry = `(?<registry>(?:(?:${host}\\.)+${host}(?::[1-9]\\d{0,4})?|${host}:[1-9]\\d{0,4}|localhost))`;
const segment = "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*";
const grammar = new RegExp(
  `^(?:oci://)?${registry}/(?<repository>${segment}(?:/${segment})*)(?::(?<tag>[\\w*][\\w.*-]{0,127}))?(?:@(?<digest>sha256:[a-f0-9]{64}))?$`,
);

/**
 * Parses `registry/repository:tag`. The registry is required. A digest, `@sha256:…`, can follow and takes precedence over the tag. Helm's prefix `oci://` is allowed.
 * https://github.com/distribution/reference/blob/v0.6.0/reference.go#L4-L26
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
