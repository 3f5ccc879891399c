/** A cache's registry API by regctl, the same client that the Pod has. */
import { execa } from "execa";
import { z } from "zod";

export interface RegistryOptions {
  /** Path of regctl. */
  readonly program: string;
  /** `https://cache.example.com`, or with a port. */
  readonly endpoint: string;
  /** Of the authority that the endpoint's certificate is from. @default a public one */
  readonly caFile?: string | undefined;
}

const descriptor = z.looseObject({
  digest: z.string(),
  size: z.number(),
  platform: z.looseObject({ os: z.string(), architecture: z.string() }).optional(),
});
const manifest = z.looseObject({
  manifests: z.array(descriptor).default([]),
  config: descriptor.optional(),
  layers: z.array(descriptor).default([]),
});

export type Descriptor = z.output<typeof descriptor>;
export type Manifest = z.output<typeof manifest>;

/** As long as a cold blob may take to come: see `fillSeconds` in components/pod/edge/nginx.ts. */
const timeoutMs = 3600_000;

/** All methods throw Error with what regctl says. A path is the repository as the endpoint knows it: with its registry in front. */
export class Registry {
  readonly options: RegistryOptions;

  constructor(options: RegistryOptions) {
    this.options = options;
  }

  async tags(path: string): Promise<string[]> {
    return (await this.regctl("tag", "ls", this.name(path))).split("\n");
  }

  /** @param reference a tag or digest */
  digest(path: string, reference: string): Promise<string> {
    const separator = reference.startsWith("sha256:") ? "@" : ":";
    return this.regctl("manifest", "head", `${this.name(path)}${separator}${reference}`);
  }

  async manifest(path: string, digest: string): Promise<Manifest> {
    const name = `${this.name(path)}@${digest}`;
    return manifest.parse(JSON.parse(await this.regctl("manifest", "get", "--format", "raw-body", name)));
  }

  /**
   * Whether the cache has a blob. What it doesn't have, it begins to fetch, as for a client, and goes on with; while it does, the answer waits for the end.
   * So nothing of the blob comes here.
   */
  async hasBlob(path: string, digest: string): Promise<boolean> {
    const format = '{{.RawHeaders.Get "X-Cache"}}';
    const answer = await this.regctl("blob", "head", "--format", format, this.name(path), digest);
    // Of a bucket that the cache sends clients to, there is no such header.
    return answer !== "MISS" && answer !== "EXPIRED";
  }

  private name(path: string): string {
    return `${new URL(this.options.endpoint).host}/${path}`;
  }

  private async regctl(...args: string[]): Promise<string> {
    const { program, caFile } = this.options;
    const result = await execa(program, args, {
      env: { REGCTL_CONFIG: "/nonexistent/config.json", ...(caFile && { SSL_CERT_FILE: caFile }) },
      stdin: "ignore",
      reject: false,
      timeout: timeoutMs,
    });
    if (result.failed) throw new Error(result.stderr.trim().split("\n").at(-1) || result.shortMessage);
    return result.stdout.trim();
  }
}
