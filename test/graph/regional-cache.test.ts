/** The resources of a local region. test/engine tests what they do. */

import assert from "node:assert/strict";
import { before, test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import type { ClientConfiguration } from "../../components/clients/clients.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { planRegion } from "../../components/hosts/kinds.ts";
import { sha256 } from "../../components/hosts/naming.ts";
import { bundleParts } from "../../components/hosts/podman/bundle.ts";
import { RegionalCache } from "../../components/regional-cache.ts";
import { type RegisteredResource, registeredBy, secret, settled } from "../support/graph.ts";

const config = parseConfig({
  provider: "local",
  regions: [
    {
      name: "local",
      dataDir: "/data",
      storage: { kind: "disk", size: "20GiB" },
      dialTimeoutMilliseconds: 500,
    },
    {
      name: "second",
      dataDir: "/second",
      endpoint: { port: 9443, tls: { mode: "provided", certificateFile: "/a.crt", keyFile: "/a.key" } },
      internalPort: 25000,
    },
  ],
  upstreams: [
    { name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] },
    { name: "team", registry: "team.example.com", repositories: ["**"], credentials: "team-login" },
  ],
  "team-login": { username: "reader", password: { secure: "v1:x" } },
});
const ca = { file: "/data/ca/ca.crt", certificate: "PEM" };

let caches: RegionalCache[];
let resources: RegisteredResource[];

before(async () => {
  const { regions, ...shared } = config;
  const credentials = { "team-login": pulumi.secret({ username: "reader", password: "hunter2" }) };
  resources = await registeredBy(
    async () => {
      const planned = regions.map(async (region) =>
        (await planRegion(region, { ...shared, stack: "test" })).lookUp(),
      );
      const found = await Promise.all(planned);
      caches = found.map((one) => new RegionalCache({ found: one, secrets: { credentials } }));
    },
    (type, { files }) =>
      type.endsWith(":EndpointCertificate")
        ? { fingerprint: "AA:BB", ...(files === undefined && { ca }) }
        : {},
  );
});

function resource(type: string, name: string): RegisteredResource {
  const found = resources.find((it) => it.type === type && it.name === name);
  assert.ok(found, `no ${type} ${name}`);
  return found;
}

test("creates a component with its host, a certificate and a Pod, whose types and names never change", () => {
  const children = (region: string) => [
    ["registry-cache:index:RegionalCache", region, ""],
    ["registry-cache:local:VmHost", region, `registry-cache:index:RegionalCache ${region}`],
    ["pulumi-nodejs:dynamic/local:EndpointCertificate", region, `registry-cache:local:VmHost ${region}`],
    ["pulumi-nodejs:dynamic/local:PodmanPod", region, `registry-cache:local:VmHost ${region}`],
  ];
  assert.deepEqual(
    resources.map(({ type, name, parent }) => [type, name, parent]).sort(),
    [...children("local"), ...children("second")].sort(),
  );
  assert.ok(resources.every(({ aliases, protect }) => aliases.length === 0 && !protect));
});

test("asks for the certificate with its names, or its files", () => {
  const inputs = (region: string) => {
    const { __provider, ...rest } = resource(
      "pulumi-nodejs:dynamic/local:EndpointCertificate",
      region,
    ).inputs;
    return rest;
  };
  assert.deepEqual(inputs("local"), { directory: "/data", names: ["localhost", "127.0.0.1"] });
  assert.deepEqual(inputs("second"), {
    directory: "/second",
    names: ["localhost"],
    files: { certificateFile: "/a.crt", keyFile: "/a.key" },
  });
});

test("passes a credential only in the Pod's single secret input, and nowhere in plain text", () => {
  for (const region of ["local", "second"]) {
    const pod = resource("pulumi-nodejs:dynamic/local:PodmanPod", region);
    assert.deepEqual(Object.keys(pod.secrets), ["secrets"]);
    assert.deepEqual(pod.additionalSecretOutputs, ["secrets"]);
    const [data = ""] = Object.values(pod.secrets.secrets as Record<string, string>);
    assert.equal(JSON.parse(data).Secret, "hunter2");
    const plain = JSON.stringify(resources.map(({ inputs, outputs }) => [inputs, outputs]));
    for (const text of ["hunter2", "reader"]) assert.ok(!plain.includes(text), text);
  }
});

test("gives the Pod what podman plays, and keeps plain inputs readable in a preview", () => {
  const { __provider, ...inputs } = resource("pulumi-nodejs:dynamic/local:PodmanPod", "local").inputs;
  assert.deepEqual(Object.keys(inputs).sort(), [
    "bundle",
    "directories",
    "directory",
    "name",
    "ready",
    "region",
    "secrets",
  ]);
  assert.equal(inputs.secrets, secret);
  assert.equal(inputs.name, "registry-cache-local");
  const parts = bundleParts(JSON.parse(String(inputs.bundle))).map(({ container }) => container);
  assert.deepEqual(parts, [
    "blackbox",
    "edge",
    "exporter",
    "janitor",
    "origin-gsoci",
    "origin-team",
    "prometheus",
  ]);
  assert.deepEqual([inputs.region, inputs.directory], ["local", "/data"]);
  assert.deepEqual(inputs.directories, [
    "/data/cache",
    "/data/prometheus",
    "/data/origin-gsoci",
    "/data/origin-team",
  ]);
});

test("keeps only a path to the provider's code in its text, so that a change of the code replaces nothing", () => {
  for (const type of ["EndpointCertificate", "PodmanPod"]) {
    const { __provider: text } = resource(`pulumi-nodejs:dynamic/local:${type}`, "local").inputs;
    assert.ok(typeof text === "string" && text.length < 4000, `${String(text).length} characters`);
    assert.doesNotMatch(text, new RegExp(process.cwd()));
  }
});

test("has exactly its public outputs", async () => {
  const [local, second] = caches;
  assert.ok(local && second);
  assert.deepEqual(await settled(local.cache), {
    endpoint: "https://localhost:8443",
    address: "127.0.0.1",
    ca,
    topology: "vm",
    pod: sha256(String(resource("pulumi-nodejs:dynamic/local:PodmanPod", "local").inputs.bundle)),
    storage: { kind: "disk", sizeGiB: 20 },
    upstreams: [
      {
        name: "gsoci",
        registry: "gsoci.azurecr.io",
        url: "https://gsoci.azurecr.io",
        repositories: ["giantswarm/**"],
      },
      { name: "team", registry: "team.example.com", url: "https://team.example.com", repositories: ["**"] },
    ],
  });
  const clients = (await settled(local.clients)) as ClientConfiguration;
  assert.deepEqual(Object.keys(clients), [
    ...["containerd", "registriesConf", "registriesYaml", "talos", "eks", "bottlerocket", "gke", "kubeadm"],
    ...[
      "ignition",
      "openshift",
      "gardener",
      "buildkit",
      "clusterChart",
      "zot",
      "chartUrls",
      "check",
      "nodes",
    ],
  ]);
  assert.match(clients.containerd["gsoci.azurecr.io"] ?? "", /^dial_timeout = "500ms"$/m);
  assert.equal(((await settled(second.cache)) as { ca?: unknown }).ca, undefined);
  assert.deepEqual(Object.keys(resource("registry-cache:index:RegionalCache", "local").outputs ?? {}), [
    "cache",
    "clients",
    "monitoring",
  ]);
  assert.deepEqual(Object.keys(resource("registry-cache:local:VmHost", "local").outputs ?? {}).sort(), [
    "address",
    "ca",
    "diskGiB",
  ]);
});
