/** The list of names and ports in docs/private-networks.md is complete, as far as the code has them. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { defaultImages, registryOf } from "../../components/config/images.ts";
import { chart } from "../../components/hosts/kubernetes-cluster/cert-manager.ts";
import { outboundPorts } from "../../components/hosts/vm/outbound.ts";
import { letsEncrypt } from "../../components/pod/acme.ts";

const page = readFileSync(new URL("../../docs/private-networks.md", import.meta.url), "utf8");
const [, section = ""] = /\n## Names to open\n(.+?)\n## /s.exec(page) ?? [];

test("names the registries of all images, and the certificate authority", () => {
  const registries = new Set(Object.values(defaultImages).map((image) => image.split("/")[0]));
  for (const registry of registries) assert.ok(section.includes(`\n| images from \`${registry}\``), registry);
  assert.ok(section.includes(`\`${new URL(letsEncrypt).host}\``));
});

test("names the registry of cert-manager's chart for the pipeline, which fetches it, and for the clusters, which pull its images", () => {
  const registry = registryOf(chart.replace("oci://", ""));
  for (const what of ["your computer, and the pipeline", "EKS", "AKS"]) {
    const row = section.split("\n").find((line) => line.startsWith(`| ${what} |`));
    assert.ok(row?.includes(`\`${registry}\``) && row.includes(`\`*.${registry}\``), what);
  }
});

test("names the ports that a machine can reach", () => {
  const monitoring = { alertmanagers: [], remoteWrite: undefined };
  const plan = { upstreams: [], images: defaultImages, monitoring };
  const ports = outboundPorts(plan as unknown as Parameters<typeof outboundPorts>[0]);
  const [tcp, udp] = (["tcp", "udp"] as const).map((protocol) =>
    ports.flatMap((it) => (it.protocol === protocol ? [it.port] : [])),
  );
  assert.deepEqual(
    [tcp, udp].map((of = []) => [of.slice(0, -1).join(", "), of.at(-1)].join(" and ")),
    /allows TCP ports ([^,]+, [^,]+), UDP ports ([^,]+),/.exec(section)?.slice(1),
  );
});
