import assert from "node:assert/strict";
import { globSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { lexer, type Tokens } from "marked";
import { parse as parseToml } from "smol-toml";
import { parseAllDocuments, parse as parseYaml } from "yaml";
import { authority } from "../../components/clients/cache-address.ts";
import { clientConfiguration } from "../../components/clients/clients.ts";

const endpoint = { hostname: "cache.example.com", port: 443 };
const ca = {
  file: "/etc/ca.crt",
  certificate: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
};
const gsoci = {
  name: "gsoci",
  registry: "gsoci.azurecr.io",
  url: "https://gsoci.azurecr.io",
  repositories: ["giantswarm/**", "base"],
};
const hub = {
  name: "hub",
  registry: "docker.io",
  url: "https://registry-1.docker.io",
  repositories: ["library/*"],
};
/** With another address than its name, and a port. */
const local = {
  name: "local",
  registry: "localhost:5000",
  url: "http://127.0.0.1:5000",
  repositories: ["**"],
};

/** The parser's tables have no prototype, so they are copied for comparisons. */
const readToml = (toml: string | undefined) => structuredClone(parseToml(toml ?? ""));

test("gives an authority a port if it isn't that of HTTPS", () => {
  assert.equal(authority(endpoint), "cache.example.com");
  assert.equal(authority({ hostname: "localhost", port: 8443 }), "localhost:8443");
});

test("has containerd ask the cache first with a short timeout, then the upstream", () => {
  const { containerd } = clientConfiguration({ endpoint, upstreams: [gsoci, hub], ca });
  assert.deepEqual(Object.keys(containerd), ["gsoci.azurecr.io", "docker.io"]);
  assert.deepEqual(readToml(containerd["docker.io"]), {
    server: "https://registry-1.docker.io",
    host: {
      "https://cache.example.com": {
        capabilities: ["pull", "resolve"],
        dial_timeout: "350ms",
        ca: "/etc/ca.crt",
      },
    },
  });
});

test("sends clients to a registry in the cache's own cluster by its name, because they can't fall back to its address", () => {
  const inCluster = { ...gsoci, url: "http://zot.zot.svc:5000" };
  for (const upstreams of [[inCluster], [hub, inCluster]]) {
    const byName = upstreams.map((upstream) => (upstream === inCluster ? gsoci : upstream));
    assert.deepEqual(
      clientConfiguration({ endpoint, upstreams }),
      clientConfiguration({ endpoint, upstreams: byName }),
    );
  }
});

test("gives podman each registry under its name at the cache", () => {
  const { registriesConf } = clientConfiguration({ endpoint, upstreams: [gsoci, hub] });
  assert.deepEqual(readToml(registriesConf), {
    registry: [
      {
        prefix: "gsoci.azurecr.io",
        location: "gsoci.azurecr.io",
        mirror: [{ location: "cache.example.com/gsoci.azurecr.io" }],
      },
      {
        prefix: "docker.io",
        location: "docker.io",
        mirror: [{ location: "cache.example.com/docker.io" }],
      },
    ],
  });
});

test("lets k3s, RKE2 and Talos fall back to a registry by its name, and names any other address", () => {
  const { registriesYaml, talos } = clientConfiguration({ endpoint, upstreams: [gsoci, hub, local], ca });
  const mirrors = {
    "gsoci.azurecr.io": ["https://cache.example.com"],
    "docker.io": ["https://cache.example.com"],
    "localhost:5000": ["https://cache.example.com", "http://127.0.0.1:5000"],
  };
  const each = <T>(wrap: (endpoints: string[]) => T) =>
    Object.fromEntries(Object.entries(mirrors).map(([registry, endpoints]) => [registry, wrap(endpoints)]));
  assert.deepEqual(parseYaml(registriesYaml), {
    mirrors: each((endpoint) => ({ endpoint })),
    configs: { "cache.example.com": { tls: { ca_file: "/etc/ca.crt" } } },
  });
  const documents = parseAllDocuments(talos.documents).map((document) => document.toJS());
  const [, first, , , , third, trust] = documents;
  assert.deepEqual(first, {
    apiVersion: "v1alpha1",
    kind: "RegistryMirrorConfig",
    name: "gsoci.azurecr.io",
    endpoints: [{ url: "https://cache.example.com" }],
  });
  assert.deepEqual(third.endpoints, [{ url: "https://cache.example.com" }, { url: "http://127.0.0.1:5000" }]);
  assert.deepEqual(trust, {
    apiVersion: "v1alpha1",
    kind: "RegistryTLSConfig",
    name: "cache.example.com",
    ca: ca.certificate,
  });
  assert.deepEqual(
    parseYaml(talos.machineRegistries).machine.registries.mirrors,
    each((endpoints) => ({ endpoints })),
  );
});

test("gives Bottlerocket no other address that it would sort before the cache", () => {
  const after = { ...gsoci, registry: "d.example.com", url: "https://registry.example.com" };
  const before = { ...gsoci, registry: "b.example.com", url: "https://acme.example.com" };
  const { bottlerocket } = clientConfiguration({ endpoint, upstreams: [gsoci, after, before, local] });
  const endpoints = [...bottlerocket.matchAll(/^endpoint = (.*)$/gm)].map(([, list = ""]) =>
    JSON.parse(list),
  );
  const cache = "https://cache.example.com";
  assert.deepEqual(endpoints, [[cache], [cache, "https://registry.example.com"], [cache], [cache]]);
});

test("gives the cluster chart mirrors without a scheme", () => {
  const { clusterChart } = clientConfiguration({ endpoint, upstreams: [hub, local] });
  assert.deepEqual(clusterChart.global.components.containerd.containerRegistries, {
    "docker.io": [{ endpoint: "cache.example.com" }, { endpoint: "registry-1.docker.io" }],
    "localhost:5000": [{ endpoint: "cache.example.com" }, { endpoint: "127.0.0.1:5000", insecure: true }],
  });
});

test("has zot fetch allowed repositories from the cache by the registry's path, then from the upstream", () => {
  const always = { onDemand: true, tlsVerify: true, preserveDigest: true };
  const inner = {
    ...gsoci,
    repositories: [...gsoci.repositories, "charts/*", "team/app-*", "team/*/db", "*"],
  };
  const { zot } = clientConfiguration({ endpoint, upstreams: [inner] });
  const at = (prefix: string, destination: string) => ({
    prefix: `/gsoci.azurecr.io${prefix}`,
    destination,
    stripPrefix: true,
  });
  assert.deepEqual(zot["gsoci.azurecr.io"], [
    {
      ...always,
      urls: ["https://cache.example.com"],
      content: [
        at("/giantswarm/**", "/giantswarm"),
        at("/base", "/base"),
        at("/charts/*", "/charts"),
        at("/team/**", "/team"),
        at("/*", "/"),
      ],
    },
    {
      ...always,
      urls: ["https://gsoci.azurecr.io"],
      content: inner.repositories.map((prefix) => ({ prefix })),
    },
  ]);
});

test("sets containerd's timeout for a connection", () => {
  const { containerd, gke, check } = clientConfiguration({
    endpoint,
    upstreams: [gsoci],
    dialTimeoutMilliseconds: 1200,
  });
  assert.match(containerd["gsoci.azurecr.io"] ?? "", /^dial_timeout = "1200ms"$/m);
  assert.equal(parseYaml(gke).registryHosts[0].hosts[0].dialTimeout, "1.2s");
  assert.match(check, /'-d' '1200'/);
});

test("has a mirror in OpenShift's manifests for each registry that a path can name, and the authority under a key without a colon", () => {
  const { openshift } = clientConfiguration({
    endpoint: { ...endpoint, port: 8443 },
    upstreams: [gsoci, local],
    ca,
  });
  const [byDigest, byTag, trust] = parseAllDocuments(openshift).map((document) => document.toJS());
  const mirrors = [
    {
      source: "gsoci.azurecr.io",
      mirrors: ["cache.example.com:8443/gsoci.azurecr.io"],
      mirrorSourcePolicy: "AllowContactingSource",
    },
  ];
  assert.deepEqual(byDigest.spec, { imageDigestMirrors: mirrors });
  assert.deepEqual(byTag.spec, { imageTagMirrors: mirrors });
  assert.deepEqual(trust.data, { "cache.example.com..8443": ca.certificate });
});

test("has the registry's name in the path of charts", () => {
  const { chartUrls } = clientConfiguration({
    endpoint: { hostname: "localhost", port: 8443 },
    upstreams: [gsoci, hub],
  });
  assert.deepEqual(chartUrls, {
    "oci://gsoci.azurecr.io": "oci://localhost:8443/gsoci.azurecr.io",
    "oci://docker.io": "oci://localhost:8443/docker.io",
    "oci://registry-1.docker.io": "oci://localhost:8443/docker.io",
  });
});

test("gives the node check the region's values, and the probes as default images", () => {
  const probed = { ...gsoci, probe: "giantswarm/alpine:3" };
  const { check } = clientConfiguration({ endpoint, upstreams: [probed, local], ca });
  assert.deepEqual(check.split("\n").slice(0, 6), [
    "#!/bin/sh",
    "[ $# -gt 0 ] || set -- 'gsoci.azurecr.io/giantswarm/alpine:3'",
    "set -- '-c' 'https://cache.example.com' '-a' '-----BEGIN CERTIFICATE-----",
    "MIIB",
    "-----END CERTIFICATE-----",
    "' '-d' '350' " +
      "'-r' 'gsoci.azurecr.io=https://gsoci.azurecr.io' '-r' 'localhost:5000=http://127.0.0.1:5000' \"$@\"",
  ]);
});

test("names no public authority", () => {
  const { check, nodes, ...files } = clientConfiguration({ endpoint, upstreams: [gsoci] });
  assert.doesNotMatch(check, /'-a'/);
  const [container] = nodes.items[1].spec?.template.spec?.containers ?? [];
  assert.doesNotMatch(JSON.stringify([container?.args, container?.env]), /ca_file|\bca =|CA_CERTIFICATE/);
  const text = JSON.stringify(files);
  assert.doesNotMatch(text, /\bca\b|ca_file|tls"|RegistryTLSConfig|pki|caBundle|ConfigMap|registry-cache\//);
});

test("reaches a registry with a port without ?ns= only as the default upstream", () => {
  const asDefault = clientConfiguration({ endpoint, upstreams: [local, gsoci] });
  const asAnother = clientConfiguration({ endpoint, upstreams: [gsoci, local] });
  const mirrors = ({ registriesConf }: typeof asDefault) =>
    (
      readToml(registriesConf) as { registry: { prefix: string; insecure?: boolean; mirror: object[] }[] }
    ).registry.find(({ prefix }) => prefix === local.registry);
  assert.deepEqual(mirrors(asDefault)?.mirror, [{ location: "cache.example.com" }]);
  assert.deepEqual(mirrors(asAnother)?.mirror, []);
  assert.equal(mirrors(asAnother)?.insecure, true);
  assert.equal(asDefault.chartUrls["oci://localhost:5000"], "oci://cache.example.com");
  assert.equal(asAnother.chartUrls["oci://localhost:5000"], undefined);
  const urls = ({ zot }: typeof asDefault) => zot[local.registry]?.flatMap(({ urls }) => urls);
  assert.deepEqual(urls(asDefault), ["https://cache.example.com", "http://127.0.0.1:5000"]);
  assert.deepEqual(urls(asAnother), ["http://127.0.0.1:5000"]);
});

const pages = ["docs/clients.md", ...globSync("docs/clients/*.md")].map((file) => ({
  file,
  text: readFileSync(file, "utf8"),
}));

const clients: Readonly<Record<string, unknown>> = clientConfiguration({
  endpoint,
  upstreams: [gsoci],
  ca,
});

/** @returns what is code in each cell of the column `output`, row by row */
function outputColumn(file: string): string[][] {
  const tables = lexer(readFileSync(file, "utf8")).filter(
    (token) => token.type === "table",
  ) as Tokens.Table[];
  const column = (table: Tokens.Table) => table.header.findIndex(({ text }) => text === "output");
  return tables
    .filter((table) => column(table) >= 0)
    .flatMap((table) => table.rows.map((row) => row[column(table)]?.text ?? ""))
    .map((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = ""]) => code));
}

test("explains each output in the pages", () => {
  const named = new Set(outputColumn("docs/clients.md").flat());
  for (const { file, text } of pages) {
    for (const [filter, path = ""] of text.matchAll(/jq (?:-r )?'\."eu-central-1"((?:\.\w+|\."[^"]+")+)'/g)) {
      const keys = [...path.matchAll(/\.(?:"([^"]+)"|(\w+))/g)].map(
        ([, quoted, word]) => quoted ?? word ?? "",
      );
      const value = keys.reduce(
        (parent: unknown, key) => (parent as Record<string, unknown>)?.[key],
        clients,
      );
      assert.ok(value, `${file}: ${filter}`);
      named.add(keys[0] as string);
    }
  }
  assert.deepEqual([...named].sort(), Object.keys(clients).sort());
});

test("lists each output in the tables of outputs and of clients", () => {
  const prefix = "clients.<region>.";
  const ofClients = outputColumn("docs/outputs.md").filter(([first]) => first?.startsWith(prefix));
  const outputs = ofClients.flat().map((code) => code.replace(prefix, ""));
  assert.deepEqual(outputs.sort(), Object.keys(clients).sort());
  // The check isn't configuration of a client, and has a section of its own.
  const used = new Set([...outputColumn("docs/clients.md").flat(), "check"]);
  assert.deepEqual([...used].sort(), Object.keys(clients).sort());
});

// npm prints the script that it runs before the script's output. test/engine/state.test.ts runs one of these commands.
test("prints outputs by the documents' commands without other text", () => {
  let count = 0;
  for (const file of ["README.md", ...globSync("docs/**/*.md")]) {
    if (file.endsWith("CHANGELOG.md")) continue;
    for (const [line] of readFileSync(file, "utf8").matchAll(/^.*\bstack output\b.*$/gm)) {
      const command =
        /npm run --silent pulumi -- stack output \w+ --stack (?:[\w-]+|"\$STACK") --json|^pulumi stack output \w+ --json --stack organization\//g;
      assert.equal(line.match(command)?.length, line.match(/\bstack output\b/g)?.length, `${file}: ${line}`);
      count += 1;
    }
  }
  assert.ok(count > 10);
});
