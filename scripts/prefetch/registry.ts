/** A cache's registry API, through regctl, which the Pod also uses. */
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { z } from "zod";
import { type ImageReference, imageReference } from "../../components/config/image-reference.ts";
import { fillSeconds } from "../../components/pod/edge/cached.ts";
import { repositoryPath } from "../../components/pod/edge/routing.ts";
import type { AskedCache } from "../fleet/health.ts";
import { nothing, OnlyCached } from "./only-cached.ts";

/** An image, with its repository's path at the endpoint. */
export type WantedImage = ImageReference & { readonly path: string };

/** @param texts image references; others are ignored */
export function wantedImages(texts: readonly string[]): WantedImage[] {
  return texts.flatMap((text) => {
    const image = imageReference(text);
    return image ? [{ ...image, path: repositoryPath(image) }] : [];
  });
}

const descriptor = z.looseObject({
  digest: z.string(),
  size: z.number(),
  platform: z.looseObject({ os: z.string(), architecture: z.string() }).nullish(),
  urls: z.array(z.string()).nullish(),
});
/** Go programs write an empty list as null. */
const descriptors = z
  .array(descriptor)
  .nullish()
  .transform((list) => list ?? []);
const manifest = z.looseObject({ manifests: descriptors, config: descriptor.nullish(), layers: descriptors });

export type Descriptor = z.output<typeof descriptor>;
export type Manifest = z.output<typeof manifest>;

/** Whether something doesn't exist. The edge also answers 404, but with `DENIED`, in place of an origin's 401 and 403. */
function isMissing({ message }: Error): boolean {
  return message.includes("[http 404]") && !message.includes("DENIED");
}

/** All methods throw an Error with regctl's message. A path is the repository's path at the endpoint: it begins with the registry. */
export class Registry {
  readonly onlyCached: OnlyCached;
  readonly #program: string;
  readonly #endpoint: string;
  /** File with the authority of the endpoint's certificate. Undefined if it is a public one. */
  readonly #caFile: string | undefined;

  private constructor(program: string, cache: AskedCache, caFile: string | undefined) {
    this.onlyCached = new OnlyCached(cache);
    this.#program = program;
    this.#endpoint = cache.endpoint;
    this.#caFile = caFile;
  }

  /** @param program path of regctl */
  static async use<Result>(
    program: string,
    cache: AskedCache,
    work: (registry: Registry) => Promise<Result>,
  ): Promise<Result> {
    await using directory = await mkdtempDisposable(join(tmpdir(), "registry-cache-prefetch-"));
    const caFile = cache.ca && join(directory.path, "ca.crt");
    if (cache.ca && caFile) await writeFile(caFile, cache.ca.certificate);
    return await work(new Registry(program, cache, caFile));
  }

  async tags(path: string): Promise<string[]> {
    return (await this.regctl("tag", "ls", this.name(path))).split("\n");
  }

  /** @param reference a tag or digest */
  async digest(path: string, reference: string): Promise<string> {
    const separator = reference.startsWith("sha256:") ? "@" : ":";
    const name = `${this.name(path)}${separator}${reference}`;
    try {
      return await this.regctl("manifest", "head", name);
    } catch (error) {
      // The response to HEAD has no body. The body of GET says more about the error.
      const failureOf = (name: string): Promise<Error> =>
        this.body(name).then(
          () => error as Error,
          (failure) => failure,
        );
      const failure = await failureOf(name);
      if (!isMissing(failure)) throw failure;
      // An origin also answers 404 for a tag if its upstream fails. For a digest, it passes the failure on, except for zot: see manifestTargets() in components/pod/prometheus.ts.
      const other = await failureOf(`${this.name(path)}@${nothing}`);
      if (isMissing(other)) throw failure;
      throw new Error(`the registry may have it, but the cache doesn't get it from there: ${other.message}`);
    }
  }

  async manifest(path: string, digest: string): Promise<Manifest> {
    return manifest.parse(JSON.parse(await this.body(`${this.name(path)}@${digest}`)));
  }

  /**
   * Whether the cache has a blob. If it doesn't, it starts to fetch the blob, as for a client, and continues after this request. While the cache fetches, the answer waits for the end.
   * So the blob isn't downloaded here.
   */
  async hasBlob(path: string, digest: string): Promise<boolean> {
    const format = '{{.RawHeaders.Get "X-Cache"}}';
    const answer = await this.regctl("blob", "head", "--format", format, this.name(path), digest);
    // If the cache redirects clients to a bucket, the response lacks this header.
    return answer !== "MISS" && answer !== "EXPIRED";
  }

  /** @param name of a manifest */
  private body(name: string): Promise<string> {
    return this.regctl("manifest", "get", "--format", "raw-body", name);
  }

  private name(path: string): string {
    return `${new URL(this.#endpoint).host}/${path}`;
  }

  private async regctl(...args: string[]): Promise<string> {
    const ca = this.#caFile;
    const result = await execa(this.#program, args, {
      env: { REGCTL_CONFIG: "/nonexistent/config.json", ...(ca && { SSL_CERT_FILE: ca }) },
      stdin: "ignore",
      reject: false,
      // The cache answers a request for a cold blob when it has the blob.
      timeout: fillSeconds * 1000,
    });
    if (result.failed) throw new Error(result.stderr.trim().split("\n").at(-1) || result.shortMessage);
    return result.stdout.trim();
  }
}
