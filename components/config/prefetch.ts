import { readFileSync } from "node:fs";
import { z } from "zod";
import { entriesOf, fieldOf, valueAt } from "./as-written.ts";
import { imageReference } from "./image-reference.ts";
import { hint, type Problem } from "./problems.ts";
import { ReleaseFileError, referencesOf } from "./release-file.ts";
import { isAllowed } from "./repositories.ts";
import { parseWith } from "./schema-problems.ts";
import { checkedText, matching, wholeNumber } from "./text.ts";
import { isZot, upstream } from "./upstream.ts";

const platform = matching(
  /^[a-z0-9]+\/[a-z0-9]+(?:\/[a-z0-9]+)?$/,
  "a platform: write it like linux/amd64, or `platforms: all`",
);

const releaseFile = z
  .strictObject({
    path: z.string().min(1).describe("The file, from the directory of Pulumi.yaml."),
    charts: checkedText((text) =>
      text.includes("{name}") && text.includes("{version}")
        ? undefined
        : "needs {name} and {version}: write it like registry.example.com/charts/{name}:{version}",
    )
      .exactOptional()
      .describe(
        "Where charts are that a file names only by name and version: a reference with `{name}` and `{version}`. Default: such charts aren't prefetched.",
      ),
  })
  .transform(({ path, charts }, context) => {
    try {
      return { path, references: referencesOf(path, readFileSync(path, "utf8"), charts) };
    } catch (error) {
      const message =
        error instanceof ReleaseFileError
          ? `"${path}" ${error.message}`
          : `"${path}" can't be read: ${(error as NodeJS.ErrnoException).code}`;
      context.addIssue({ code: "custom", path: ["path"], message });
      return z.NEVER;
    }
  });

/** Images and charts that the caches fetch before a client requests them. */
export const prefetch = z
  .strictObject({
    images: z
      .array(z.string())
      .default([])
      .describe(
        "Images and charts, as `registry/repository:tag` or with `@sha256:…`. A `*` in a tag stands for any text. If the room doesn't suffice, the last ones are left out.",
      ),
    files: z
      .array(releaseFile)
      .default([])
      .describe(
        "Files with one reference a line, YAML or JSON with references, or a Release of https://github.com/giantswarm/releases: docs/prefetch.md.",
      ),
    platforms: z
      .union([z.literal("all"), z.array(platform).min(1)])
      .default(["linux/amd64", "linux/arm64"])
      .describe("Platforms to prefetch of an image with several, or `all`."),
    everyMinutes: wholeNumber(1, 1440)
      .default(60)
      .describe("Minutes between two rounds. A changed list starts a round immediately."),
    mbps: wholeNumber(1, 100_000)
      .default(200)
      .describe("Megabits per second, on average: a single blob comes at full speed, and a pause follows."),
  })
  .transform(({ images, files, ...rest }) => ({
    ...rest,
    references: [...new Set([...images, ...files.flatMap(({ references }) => references)])].flatMap(
      (text) => imageReference(text) ?? [],
    ),
  }));

export type Prefetch = z.output<typeof prefetch>;

/**
 * A platform in regctl's notation: without the baseline variant of its architecture.
 * https://github.com/containerd/platforms/blob/v1.0.0/database.go
 */
export function plainPlatform(platform: string): string {
  return platform.replace(/(?<=\/arm64)\/v8$|(?<=\/amd64)\/v1$/, "");
}

/** Pairs of GOOS and GOARCH for which images exist: https://go.dev/doc/install/source#environment */
const knownPlatforms = Object.entries({
  linux: "386 amd64 arm arm64 loong64 mips mipsle mips64 mips64le ppc64 ppc64le riscv64 s390x",
  windows: "386 amd64 arm arm64",
  darwin: "amd64 arm64",
  freebsd: "386 amd64 arm arm64 riscv64",
  wasip1: "wasm",
}).flatMap(([os, architectures]) => architectures.split(" ").map((architecture) => `${os}/${architecture}`));

/** A warning for a platform that is probably misspelt, or undefined. Without it, nobody notices: a prefetch silently skips platforms that an image lacks. */
export function platformWarning(platform: string): string | undefined {
  const name = platform.split("/").slice(0, 2).join("/");
  if (knownPlatforms.includes(name)) return undefined;
  return `"${platform}" is not a platform that images are known to have: ${hint(name, knownPlatforms, "write it like linux/amd64")}`;
}

/** Reports references that the upstreams may not serve. The configuration isn't validated yet, so every part can have any type. */
export function prefetchProblems(raw: Record<string, unknown>): Problem[] {
  const { data: upstreams } = parseWith(z.array(upstream), raw.upstreams);
  if (!upstreams) return [];
  const at = (path: string, references: readonly string[]) =>
    references.flatMap((text) => {
      const message = referenceProblem(text, upstreams);
      return message === undefined ? [] : [{ path, message: `"${text}" ${message}` }];
    });
  const images = entriesOf(fieldOf(raw.prefetch, "images"));
  const files = entriesOf(valueAt(["files"], raw.prefetch));
  return [
    ...images.flatMap((text, index) =>
      at(`prefetch.images[${index}]`, typeof text === "string" ? [text] : []),
    ),
    ...files.flatMap((file, index) =>
      at(`prefetch.files[${index}].path`, parseWith(releaseFile, file).data?.references ?? []),
    ),
  ];
}

type Upstreams = readonly Pick<z.output<typeof upstream>, "registry" | "repositories" | "engine">[];

/** Why the cache can't prefetch a reference, or undefined if it can. */
export function referenceProblem(text: string, upstreams: Upstreams): string | undefined {
  const reference = imageReference(text);
  if (reference === undefined) {
    return "is not a reference: write it like registry.example.com/team/app:1.0, with a tag or @sha256:… (64 hexadecimal digits); only a tag may have `*` in it";
  }
  const index = upstreams.findIndex(({ registry }) => registry === reference.registry);
  const of = upstreams[index];
  if (of === undefined) {
    const known = upstreams.map(({ registry }) => registry);
    return `is of a registry that is none of the upstreams: ${hint(reference.registry, known)}`;
  }
  // zot lists only the tags that it has stored, and can't limit its rate.
  if (isZot(of)) return "is of a registry with `engine: zot`, which fetches only what is asked for";
  if (index > 0 && of.registry.includes(":")) {
    return "is of a registry with a port, which no path can name: make that upstream the first";
  }
  return isAllowed(reference.repository, of.repositories)
    ? undefined
    : `is of a repository that the cache may not serve: add it to upstreams[${index}].repositories`;
}
