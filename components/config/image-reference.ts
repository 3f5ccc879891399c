/** An image or chart as clients name it, with its registry. */
export interface ImageReference {
  readonly registry: string;
  readonly repository: string;
  /** A tag, a pattern of tags in which each `*` stands for any text, or `sha256:…`. */
  readonly reference: string;
}

const host = "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?";
const registry = `(?<registry>(?:(?:${host}\\.)+${host}(?::[1-9]\\d{0,4})?|${host}:[1-9]\\d{0,4}|localhost))`;
const segment = "[a-z0-9]+(?:(?:\\.|__?|-+)[a-z0-9]+)*";
const grammar = new RegExp(
  `^(?:oci://)?${registry}/(?<repository>${segment}(?:/${segment})*)(?::(?<tag>[\\w*][\\w.*-]{0,127}))?(?:@(?<digest>sha256:[a-f0-9]{64}))?$`,
);

/**
 * Reads `registry/repository:tag`, also with `@sha256:…`, which then counts, and with `oci://` before it, as Helm writes charts. The registry is never left out.
 * https://github.com/distribution/reference/blob/v0.6.0/reference.go#L4-L26
 * @returns undefined for what isn't a reference, or has neither tag nor digest
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
