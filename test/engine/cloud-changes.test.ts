/** What a change does to a machine in a cloud: the rows of docs/upgrading.md, as a preview says them. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { cloudFiles } from "../support/cloud-files.ts";
import { type CloudStack, cloudStack, lastPart } from "../support/cloud-stack.ts";
import { scope } from "../support/scope.ts";
import { type Config, keysOf } from "../support/stack-files.ts";

const upstream = {
  name: "gsoci",
  registry: "gsoci.azurecr.io",
  repositories: ["giantswarm/**", "charts/giantswarm/**"],
};
const ghcr = { name: "ghcr", registry: "ghcr.io", repositories: ["giantswarm/**"] };
const mirrored = (name: string) => `mirror.example.com/${name}@sha256:${"a".repeat(64)}`;

interface Row {
  readonly keys?: Config;
  readonly region?: Config;
}

/** The endpoint of a stack file with other keys. */
type OtherEndpoint = (keys: Config) => Config;

/** Of these, a preview changes what the machine is told, and not the machine. */
function inPlace(endpoint: OtherEndpoint): Readonly<Record<string, Row>> {
  return {
    "the allow-list": { keys: { upstreams: [{ ...upstream, repositories: ["giantswarm/**"] }] } },
    "access.clients": { region: { access: { clients: ["203.0.113.0/24", "192.0.2.1/32"] } } },
    "access.metrics": { region: { access: { clients: ["203.0.113.0/24"], metrics: ["192.0.2.1/32"] } } },
    freshnessSeconds: { region: { freshnessSeconds: 30 } },
    "endpoint.port": { region: endpoint({ port: 8443 }) },
    labels: { keys: { monitoring: { labels: { installation: "other" } } } },
    thresholds: { keys: { monitoring: { alerts: { thresholds: { podOutdatedMinutes: 20 } } } } },
    alertmanagers: { keys: { monitoring: { alertmanagers: ["https://alerts.example.com"] } } },
    remoteWrite: { keys: { monitoring: { remoteWrite: { url: "https://metrics.example.com/push" } } } },
    "another upstream": { keys: { upstreams: [upstream, ghcr] } },
    "another upstream in front": { keys: { upstreams: [ghcr, upstream] } },
    "an upstream's url": { keys: { upstreams: [{ ...upstream, url: "https://mirror.example.com" }] } },
    "the edge's image": { keys: { images: { edge: mirrored("edge") } } },
    "the origin's image": { keys: { images: { origin: mirrored("origin") } } },
    "Prometheus's image": { keys: { images: { prometheus: mirrored("prometheus") } } },
    "endpoint.hostname": { region: endpoint({ hostname: "other.example.com" }) },
  };
}

describe("what a change does", { concurrency: true }, () => {
  for (const { file, cloud: known } of cloudFiles) {
    describe(file, { concurrency: 1 }, () => {
      const parts = scope({ after });
      const cloud = known.newCloud();
      const machine = lastPart(known.types.machine);
      const told = known.podChange.find((change) => change.startsWith("update ")) ?? "";
      let stack: CloudStack;

      before(async () => {
        stack = parts.use(await cloudStack(file, cloud));
        const { failed, messages } = await stack.run("up");
        assert.ok(!failed, messages);
      });

      /** What the preview says of the first region, in words such as `replace Instance …`. */
      async function preview({ keys = {}, region = {} }: Row): Promise<string[]> {
        await stack.configure(keys, region);
        const { failed, messages, changes } = await stack.run("preview");
        assert.ok(!failed, messages);
        return Object.values(stack.byRegion(changes))[0] ?? [];
      }

      const [{ endpoint } = {}] = keysOf(file).regions as Config[];
      for (const [what, row] of Object.entries(
        inPlace((keys) => ({ endpoint: { ...(endpoint as Config), ...keys } })),
      )) {
        test(`${what}: the machine stays, and is told another Pod`, async () => {
          const changes = await preview(row);
          assert.ok(changes.includes(told), changes.join("\n"));
          const others = changes.filter((change) => change.split(" ")[1] === machine && change !== told);
          assert.deepEqual(others, []);
        });
      }

      test("endpoint.zone: the records are made anew there, and the machine stays", async () => {
        const { hostname, zone } = endpoint as { hostname: string; zone: string };
        const part = hostname.slice(hostname.indexOf(".") + 1);
        const [old = assert.fail("no zone")] = ["aws:route53/zone:Zone", "azure-native:dns:Zone"].flatMap(
          (type) => cloud.things(type),
        );
        cloud.keep({
          ...old,
          id: old.id.includes(zone) ? old.id.replace(zone, part) : `${old.id}0`,
          inputs: { ...old.inputs, name: part },
        });
        const changes = await preview({ region: { endpoint: { ...(endpoint as Config), zone: part } } });
        assert.ok(
          changes.some((change) => /^replace Record(?:Set)? …(?:-address)?$/.test(change)),
          changes.join("\n"),
        );
        assert.ok(!changes.includes(`replace ${machine} …`), changes.join("\n"));
      });

      test("a larger storage.size: the disk grows, and nothing else changes", async () => {
        const changes = await preview({ region: { storage: { kind: "disk", size: "1TiB" } } });
        assert.deepEqual(changes, [`update ${lastPart(known.types.disk)} …`]);
      });

      const replaced = {
        "machine.image": { image: known.otherImage },
        architecture: { architecture: "amd64" },
      };
      for (const [what, change] of Object.entries(replaced)) {
        test(`${what}: the machine is replaced`, async () => {
          const changes = await preview({ region: { machine: change } });
          assert.ok(changes.includes(`replace ${machine} …`), changes.join("\n"));
        });
      }
    });
  }
});
