/** The ways in which a cache can break. Each lasts until it is disposed. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { makeCertificate } from "../../../components/hosts/local/certificate.ts";
import { localAddress } from "../../../components/hosts/local/plan.ts";
import { podman } from "../../../components/hosts/local/podman.ts";
import type { TestCache } from "../cache.ts";
import { tempDir } from "../scope.ts";
import { servedCertificate } from "../tls.ts";
import { waitUntil } from "../wait.ts";
import { cutWay } from "./way-to-cache.ts";

export interface Breakage extends AsyncDisposable {
  /** The port on localhost at which clients reach the broken cache. @default its own port */
  readonly port?: number;
}

/** The number of a layer's bytes after which a connection is cut. */
const cutAfter = 300_000;

export const breakages: Readonly<Record<string, Kind>> = {
  stopped: {
    gives: "nothing",
    check: /^FAILED connect .*RegistryCacheDown/m,
    begin: async (cache) => {
      await cache.stop();
      return { [Symbol.asyncDispose]: () => cache.start() };
    },
  },
  "answering 5xx": {
    gives: "nothing",
    check: /^ok tls .*\nFAILED pull .*HTTP 503.*RegistryCacheErrors/m,
    begin: stopOrigin,
  },
  "with a certificate that has ended": {
    gives: "nothing",
    check: /^FAILED tls .*expired.*RegistryCacheCertificateExpiring/m,
    begin: endCertificate,
  },
  "gone in the middle of a blob": {
    gives: "something",
    begin: (cache) => cutWay(cache.url, { bytes: cutAfter, once: true }),
  },
  "cut off in the middle of each blob": {
    gives: "manifests and pieces",
    begin: (cache) => cutWay(cache.url, { bytes: cutAfter }),
  },
};

interface Kind {
  /** What clients still get from the cache. */
  readonly gives: "nothing" | "something" | "manifests and pieces";
  /** The node check's message, if the check can detect the breakage. It pulls no blobs. */
  readonly check?: RegExp;
  begin(cache: TestCache): Promise<Breakage>;
}

/** Stops the origin, so the edge has no source. */
async function stopOrigin(cache: TestCache): Promise<Breakage> {
  const origin = cache.container("origin-gsoci");
  await podman(["stop", origin]);
  return {
    async [Symbol.asyncDispose]() {
      await podman(["start", origin]);
    },
  };
}

/** Replaces the certificate with one for the same names and key that expires after this many days. */
export async function shortenCertificate(
  { layout }: { readonly layout: { readonly directory: string } },
  days: number,
): Promise<void> {
  const file = (name: string) => join(layout.directory, name);
  await using work = await tempDir();
  const [request, ended] = [join(work.path, "request"), join(work.path, "ended.crt")];
  await openssl(
    "x509",
    "-x509toreq",
    "-copy_extensions",
    "copyall",
    "-in",
    file("tls/tls.crt"),
    "-signkey",
    file("tls/tls.key"),
    "-out",
    request,
  );
  await openssl(
    "x509",
    "-req",
    "-copy_extensions",
    "copyall",
    "-in",
    request,
    "-CA",
    file("ca/ca.crt"),
    "-CAkey",
    file("ca/ca.key"),
    "-days",
    String(days),
    "-out",
    ended,
  );
  await writeFile(file("tls/tls.crt"), await readFile(ended));
}

async function endCertificate(cache: TestCache): Promise<Breakage> {
  const { layout, url, ca } = cache;
  await shortenCertificate(cache, 0);
  const code = () =>
    servedCertificate(url, { ca }).then(
      () => "none",
      ({ code }) => code,
    );
  await waitUntil("the certificate has ended", async () => (await code()) === "CERT_HAS_EXPIRED");
  return {
    async [Symbol.asyncDispose]() {
      await makeCertificate({ directory: layout.directory, names: ["localhost", localAddress] });
      await waitUntil("another certificate is served", async () => (await code()) === "none");
    },
  };
}

async function openssl(...args: readonly string[]): Promise<void> {
  await execa("openssl", args);
}
