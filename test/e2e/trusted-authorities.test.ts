/** `trustedAuthorities`: servers of the team with certificates that no public authority has issued. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { push } from "../../scripts/seed/push.ts";
import { startCache } from "../support/cache.ts";
import { download, get } from "../support/http.ts";
import { randomImage } from "../support/images.ts";
import { freePort } from "../support/ports.ts";
import { forward } from "../support/private-upstream.ts";
import { scope } from "../support/scope.ts";
import { startTlsServer, type TlsServerOptions } from "../support/tls-server.ts";
import { testUpstream } from "../support/upstream.ts";
import { waitUntil } from "../support/wait.ts";

test("are trusted by both engines, the probes and the remote write, and no others are", async (t) => {
  const parts = scope(t);
  const registry = parts.use(await testUpstream());
  const image = await randomImage({ repository: "giantswarm/app", tag: "1", layerMB: 1 });
  await push(registry.url, image);
  const server = async (answer: NonNullable<TlsServerOptions["answer"]>) =>
    parts.use(await startTlsServer({ answer, port: await freePort() }));
  const upstream = async () => server((request, response) => forward(request, response, registry.url));
  const [trusted, untrusted] = [await upstream(), await upstream()];
  let writes = 0;
  const receiver = await server((request, response) => {
    writes++;
    request.resume().on("end", () => response.writeHead(204).end());
  });
  const named = (name: string, url: string) => ({
    name,
    registry: `${name}.test`,
    url,
    repositories: ["giantswarm/app"],
  });
  const cache = parts.use(
    await startCache({
      upstreams: [
        named("distribution", trusted.endpoint),
        { ...named("zot", trusted.endpoint), engine: "zot" },
        named("other", untrusted.endpoint),
      ],
      trustedAuthorities: `${trusted.ca}${receiver.ca}`,
      monitoring: { remoteWrite: { url: `${receiver.endpoint}/write` } },
      secondsPerMinute: 1,
    }),
  );
  const asked = (path: string, name: string) =>
    new URL(`/v2/giantswarm/app/${path}?ns=${name}.test`, cache.url);
  for (const name of ["distribution", "zot"]) {
    assert.equal((await get(asked("manifests/1", name), { ca: cache.ca })).status, 200, name);
    for (const { digest } of image.blobs)
      assert.equal((await download(asked(`blobs/${digest}`, name), { ca: cache.ca })).digest, digest, name);
  }
  assert.notEqual((await get(asked("manifests/1", "other"), { ca: cache.ca })).status, 200);
  const { prometheus } = cache.layout.ports;
  const probes = async () => {
    const query = encodeURIComponent('probe_success{job="registry-cache-upstream"}');
    const answer = await fetch(`http://127.0.0.1:${prometheus}/api/v1/query?query=${query}`);
    const { data } = (await answer.json()) as {
      data: { result: { metric: { upstream: string }; value: [number, string] }[] };
    };
    return Object.fromEntries(data.result.map(({ metric, value }) => [metric.upstream, value[1]]));
  };
  await waitUntil("each upstream is probed", async () => Object.keys(await probes()).length === 3);
  assert.deepEqual(await probes(), { distribution: "1", zot: "1", other: "0" });
  await waitUntil("metrics arrive", () => writes > 0);
});
