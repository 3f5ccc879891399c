import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "smol-toml";
import { authority, clientConfiguration } from "../../components/clients/clients.ts";

const endpoint = { hostname: "cache.example.com", port: 443 };
const gsoci = {
  name: "gsoci",
  registry: "gsoci.azurecr.io",
  url: "https://gsoci.azurecr.io",
  repositories: ["giantswarm/**"],
};
const hub = {
  name: "hub",
  registry: "docker.io",
  url: "https://registry-1.docker.io",
  repositories: ["library/*"],
};
const local = {
  name: "local",
  registry: "localhost:5000",
  url: "http://127.0.0.1:5000",
  repositories: ["**"],
};

/** The parser's tables have no prototype. */
const read = (toml: string | undefined) => structuredClone(parse(toml ?? ""));

test("an authority has a port where it isn't that of HTTPS", () => {
  assert.equal(authority(endpoint), "cache.example.com");
  assert.equal(authority({ hostname: "localhost", port: 8443 }), "localhost:8443");
});

test("containerd asks the cache first and briefly, then the upstream", () => {
  const { containerd } = clientConfiguration({ endpoint, upstreams: [gsoci, hub], caFile: "/etc/ca.crt" });
  assert.deepEqual(Object.keys(containerd), ["gsoci.azurecr.io", "docker.io"]);
  assert.deepEqual(read(containerd["docker.io"]), {
    server: "https://registry-1.docker.io",
    host: {
      "https://cache.example.com": {
        capabilities: ["pull", "resolve"],
        dial_timeout: "1s",
        ca: "/etc/ca.crt",
      },
    },
  });
});

test("a public authority isn't named", () => {
  const { containerd } = clientConfiguration({ endpoint, upstreams: [gsoci] });
  assert.doesNotMatch(containerd["gsoci.azurecr.io"] ?? "", /\bca\b/);
});

test("podman finds each registry under its name at the cache", () => {
  const { registriesConf } = clientConfiguration({ endpoint, upstreams: [gsoci, hub] });
  assert.deepEqual(read(registriesConf), {
    registry: [
      {
        prefix: "gsoci.azurecr.io",
        location: "gsoci.azurecr.io",
        mirror: [{ location: "cache.example.com/gsoci.azurecr.io" }],
      },
      {
        prefix: "docker.io",
        location: "registry-1.docker.io",
        mirror: [{ location: "cache.example.com/docker.io" }],
      },
    ],
  });
});

test("a registry with a port can be reached at the cache as the default upstream only", () => {
  const mirrors = (upstreams: (typeof gsoci)[]) => {
    const { registriesConf } = clientConfiguration({ endpoint, upstreams });
    const { registry } = read(registriesConf) as {
      registry: { prefix: string; insecure?: boolean; mirror: object[] }[];
    };
    return registry.find(({ prefix }) => prefix === local.registry);
  };
  assert.deepEqual(mirrors([local, gsoci])?.mirror, [{ location: "cache.example.com" }]);
  assert.deepEqual(mirrors([gsoci, local])?.mirror, []);
  assert.equal(mirrors([gsoci, local])?.insecure, true);
});
