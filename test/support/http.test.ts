import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { issue, type KeyPairFiles, makeAuthority } from "../../components/hosts/private-ca.ts";
import type { Blob } from "../../scripts/seed/content.ts";
import { push } from "../../scripts/seed/push.ts";
import { ensureTool } from "../setup/go-tools.ts";
import { download, downloads, get, rawHead, rawRequest } from "./http.ts";
import { randomImage } from "./images.ts";
import { freePort } from "./ports.ts";
import { startProcess } from "./process.ts";
import { scope, tempDir } from "./scope.ts";
import { testUpstream } from "./upstream.ts";
import { waitUntil } from "./wait.ts";

const resources = scope({ after });
let registry: URL;
let ca: string;
let layer: Blob;
let blob: URL;

/** Adds a second registry with the same content, over TLS. */
before(async () => {
  const upstream = resources.use(await testUpstream());
  const content = await randomImage({ repository: "team/app", tag: "1", layerMB: 2 });
  await push(upstream.url, content);
  [, layer] = content.blobs as [Blob, Blob];

  const dir = resources.use(await tempDir());
  const tls: KeyPairFiles = {
    certificateFile: join(dir.path, "tls.crt"),
    keyFile: join(dir.path, "tls.key"),
  };
  const authority = await makeAuthority(["localhost"], dir.path);
  await issue(authority, ["localhost"], tls);
  ca = await readFile(authority.certificateFile, "utf8");
  registry = new URL(`https://localhost:${await freePort()}`);
  blob = new URL(`/v2/team/app/blobs/${layer.digest}`, registry);
  const process = await startProcess(await ensureTool("registry"), ["serve", upstream.configFile], {
    logFile: join(dir.path, "registry.log"),
    env: {
      OTEL_TRACES_EXPORTER: "none",
      REGISTRY_HTTP_ADDR: `127.0.0.1:${registry.port}`,
      REGISTRY_HTTP_TLS_CERTIFICATE: tls.certificateFile,
      REGISTRY_HTTP_TLS_KEY: tls.keyFile,
    },
  });
  resources.use(process);
  await waitUntil("the registry serves", () => get(new URL("/v2/", registry), { ca }));
});

test("downloads many bodies at once, each with its digest and length", async () => {
  for (const result of await downloads(8, blob, { ca })) {
    assert.equal(result.digest, layer.digest);
    assert.equal(result.bytes, layer.size);
    assert.ok(result.complete && result.firstByteMs <= result.totalMs);
  }
});

test("reads slowly", async () => {
  const result = await download(blob, { ca, bytesPerSecond: 2_000_000 });
  assert.equal(result.digest, layer.digest);
  // A busy machine can take longer.
  assert.ok(result.totalMs > 950 && result.totalMs < 10_000, `2 MB at 2 MB/s took ${result.totalMs} ms`);
});

test("disconnects early", async () => {
  const result = await download(blob, { ca, leaveAt: 0.1 });
  assert.equal(result.complete, false);
  assert.ok(result.bytes >= layer.size / 10 && result.bytes < layer.size / 2);
});

test("trusts only the given authority", async () => {
  const dir = resources.use(await tempDir());
  const other = await makeAuthority(["localhost"], dir.path);
  await assert.rejects(get(blob, { ca: await readFile(other.certificateFile, "utf8") }));
});

test("sends a request that node:https would refuse, and reads the answer", async () => {
  const bad = await rawRequest(registry, { ca, head: rawHead("/v2/ \u0001") });
  assert.equal(bad?.status, 400);
  const head = rawHead(`/v2/team/app/manifests/1`).replace("\r\n\r\n", "\r\nAccept: */*\r\n\r\n");
  const missing = await rawRequest(registry, { ca, head });
  assert.equal(missing?.status, 404);
  assert.equal(JSON.parse(missing?.body.toString() ?? "").errors[0].code, "MANIFEST_UNKNOWN");
});
