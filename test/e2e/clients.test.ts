/** The client configurations that no other end-to-end test pulls by, given to the code that reads them on a node. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { push } from "../../scripts/seed/push.ts";
import { asked, registryName, startChain } from "../support/chain.ts";
import { k3sPull } from "../support/clients/k3s.ts";
import { talosRegistries } from "../support/clients/talos.ts";
import { digestsOf } from "../support/content.ts";
import { randomImage } from "../support/images.ts";
import { scope, tempDir } from "../support/scope.ts";

test("k3s and RKE2 pull by registries.yaml", async (t) => {
  const parts = scope(t);
  const { registry, proxy, cache } = await startChain(parts, { region: { freshnessSeconds: 3600 } });
  const image = await randomImage({ repository: "giantswarm/app", tag: "1", layers: 2, layerMB: 1 });
  await push(registry.url, image);
  const registriesYaml = join(parts.use(await tempDir()).path, "registries.yaml");
  await writeFile(registriesYaml, cache.clients.registriesYaml);
  const pull = async () => new Set(await k3sPull(registriesYaml, `${registryName}/giantswarm/app:1`));

  assert.deepEqual(await pull(), digestsOf(image));
  proxy.forget();
  assert.deepEqual(await pull(), digestsOf(image));
  assert.deepEqual(asked(proxy), [], "the second time, the cache has it");
  await cache.stop();
  assert.deepEqual(await pull(), digestsOf(image));
  assert.notDeepEqual(asked(proxy), [], "without the cache, the upstream is asked");
});

test("Talos takes both kinds of patch, and does the same with them", async () => {
  const gsoci = {
    name: "gsoci",
    registry: "gsoci.azurecr.io",
    url: "https://gsoci.azurecr.io",
    repositories: ["giantswarm/**"],
  };
  const elsewhere = {
    ...gsoci,
    name: "elsewhere",
    registry: "example.com:5000",
    url: "http://192.0.2.1:5000",
  };
  const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const { talos } = clientConfiguration({
    endpoint: { hostname: "cache.example.com", port: 8443 },
    upstreams: [gsoci, elsewhere],
    ca: { file: "/etc/ca.crt", certificate },
  });
  const expected = {
    mirrors: {
      "gsoci.azurecr.io": ["https://cache.example.com:8443"],
      "example.com:5000": ["https://cache.example.com:8443", "http://192.0.2.1:5000"],
    },
    authorities: { "cache.example.com:8443": certificate },
  };
  assert.deepEqual(await talosRegistries(talos.documents), expected);
  assert.deepEqual(await talosRegistries(talos.machineRegistries), expected);
  await assert.rejects(talosRegistries(talos.documents.replace("endpoints:", "endpoint:")), /unknown keys/i);
});
