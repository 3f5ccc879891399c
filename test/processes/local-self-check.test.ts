/** The pulls at the end of `npm run local`: what they prove, and their messages when they fail. */
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, readFile } from "node:fs/promises";
import { createServer as createHttpServer } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { createServer, type Server } from "node:tls";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { podPortCount } from "../../components/config/ports.ts";
import { planLocal } from "../../components/hosts/local/plan.ts";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { runSelfCheck } from "../../scripts/local/self-check.ts";
import { fakePodman } from "../support/fake-podman.ts";
import { planRequest } from "../support/plan-request.ts";
import { freePort, freePorts } from "../support/ports.ts";
import { scope, tempDir } from "../support/scope.ts";

const resources = scope({ after });
const dataDir = resources.use(await tempDir()).path;
const upstreams = [
  {
    name: "one",
    registry: "one.example.com",
    repositories: ["**"],
    probe: "team/app:1",
    url: "https://one.example.com",
  },
];
const endpoint = { hostname: "localhost", port: await freePort() };
const request = planRequest("local", {
  provider: "local",
  regions: [{ name: "local", dataDir, endpoint, internalPort: await freePorts(podPortCount(1)) }],
  upstreams,
});
const { place } = planLocal(request).plan;
const files = (name: string) => ({
  certificateFile: join(place.tls, `${name}.crt`),
  keyFile: join(place.tls, `${name}.key`),
});
const config = { regions: [request.region], upstreams: request.upstreams } as Parameters<
  typeof runSelfCheck
>[0];
const outputs = {
  caches: { local: { endpoint: `https://localhost:${endpoint.port}` } },
  clients: { local: clientConfiguration({ endpoint, upstreams }) },
  monitoring: {},
};
let server: Server;

async function pair(name: string) {
  const { certificateFile, keyFile } = files(name);
  return { cert: await readFile(certificateFile), key: await readFile(keyFile) };
}

before(async () => {
  await mkdir(place.tls);
  const authority = await makeAuthority(["localhost"], place.tls);
  for (const name of ["tls", "earlier"]) await issue(authority, ["localhost"], files(name));
  server = createServer(await pair("earlier")).listen(endpoint.port, "127.0.0.1");
  const exporter = createHttpServer((_, answer) => answer.end()).listen(place.ports.exporter, "127.0.0.1");
  resources.defer(() => void server.close());
  resources.defer(() => void exporter.close());
  await Promise.all([once(server, "listening"), once(exporter, "listening")]);
});

test("pulls once the endpoint serves the current certificate, and can't bypass the cache", async () => {
  let isServed = false;
  const swap = sleep(500).then(async () => {
    server.setSecureContext(await pair("tls"));
    isServed = true;
  });
  await using _ = await fakePodman(`cat "$CONTAINERS_REGISTRIES_CONF" >'${dataDir}/used.conf'`);
  const pulls = await runSelfCheck(config, outputs);
  assert.ok(isServed);
  await swap;
  assert.equal(pulls.length, 2);
  const used = await readFile(join(dataDir, "used.conf"), "utf8");
  assert.match(used, new RegExp(`localhost:${endpoint.port}/one\\.example\\.com`));
  assert.match(used, /^location = "127\.0\.0\.1:1"$/m);
  assert.doesNotMatch(used, /location = "one\.example\.com"/);
});

test("reports a failed pull in podman's words", async () => {
  await using _ = await fakePodman(
    'echo "Error: x509: certificate signed by unknown authority" >&2; exit 125',
  );
  await assert.rejects(runSelfCheck(config, outputs), {
    name: "StepError",
    message:
      /cause: .*x509: certificate signed by unknown authority.*way out: .*certs\.d\/localhost:\d+\/ca\.crt/s,
  });
});
