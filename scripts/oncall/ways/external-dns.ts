import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { step } from "../../command/steps.ts";
import type { Resource } from "../../engine/state.ts";
import { kubectlEnvironment } from "../kubectl-environment.ts";
import { askZone, type InZone } from "../name-servers.ts";
import type { Cluster } from "../place.ts";
import { ask } from "../programs.ts";
import type { DeployedRegion } from "../state.ts";
import { byHand, type Way } from "./way.ts";

const annotation = "external-dns.alpha.kubernetes.io/controller";

function exposingObject(
  { resources }: DeployedRegion,
  { exposedBy: { kind, name } }: Cluster,
): Resource | undefined {
  return resources.find(
    ({ type, id }) => type.toLowerCase().endsWith(`:${kind}`) && id?.endsWith(`/${name}`),
  );
}

/** Whether external-dns manages the record: see exposure.ts. A Service has an annotation with the name. Other objects contain the name, and have an annotation only if external-dns must ignore them. */
export function hasExternalDns(deployed: DeployedRegion, place: Cluster): boolean {
  const { annotations = {} } = (exposingObject(deployed, place)?.inputs?.metadata ?? {}) as {
    annotations?: Record<string, string>;
  };
  return place.exposedBy.kind === "service"
    ? annotations["external-dns.alpha.kubernetes.io/hostname"] !== undefined
    : annotations[annotation] === undefined;
}

/** The zone is asked this many times, every 5 s, for at most this long. By default, external-dns acts once a minute, and a zone may need another minute. */
const looks = 36;
const patienceMs = 180_000;

/** external-dns deletes the records of an object that it is told to ignore: https://kubernetes-sigs.github.io/external-dns/latest/docs/annotations/annotations/ */
export function externalDns(place: Cluster, hostname: string): Way {
  const { kind, name } = place.exposedBy;
  const kubectl = async (...args: string[]) => {
    await using directory = await mkdtempDisposable(join(tmpdir(), "registry-cache-oncall-"));
    const env = await kubectlEnvironment(place, directory.path);
    const where = ["--context", place.context, "--namespace", place.namespace, "--request-timeout", "20s"];
    return await ask("kubectl", [...where, ...args], { env });
  };
  const key = annotation.replaceAll(".", "\\.");
  let before: InZone | undefined;
  const notKnown = (why: string) =>
    `Not known yet whether the record is away: ${why}. Look with \`nslookup ${hostname}\` on a node, and if it stays, remove it by hand: ${byHand}`;
  const gone = async () => {
    const { zone, has } = before ?? (await askZone(hostname));
    if (has === undefined) return notKnown(`the name servers of its zone can't be reached from here`);
    if (!has && before === undefined)
      return `✓ the name servers of ${zone} have no record of ${hostname}. If it was in another zone, such as a private one, look with \`nslookup ${hostname}\` on a node`;
    if (!has) return notKnown(`the name servers of ${zone} had none before, so it is in another zone`);
    await step(
      `Waiting for external-dns to remove the record of ${hostname}`,
      `remove it by hand: ${byHand}. external-dns may not run, or run with \`--policy upsert-only\``,
      async () => {
        const end = Date.now() + patienceMs;
        for (let left = looks; left > 0 && Date.now() < end; left -= 1) {
          if ((await askZone(hostname)).has === false) return;
          await delay(Number(process.env.ONCALL_POLL_MS ?? 5000));
        }
        throw new Error(`the name servers of ${zone} still have it, or no longer answer`);
      },
    );
    return `✓ the name servers of ${zone} no longer have a record of ${hostname}`;
  };
  return {
    what: `the record that external-dns makes for ${kind}/${name} in ${place.namespace}`,
    async look() {
      const value = await kubectl("get", kind, name, "--output", `jsonpath={.metadata.annotations.${key}}`);
      return { there: value !== "none" };
    },
    later: { program: "external-dns", gone },
    remove: async () => {
      console.error(`  Asking the zone of ${hostname} …`);
      before = await askZone(hostname);
      await kubectl("annotate", kind, name, "--overwrite", `${annotation}=none`);
    },
    restore: () => kubectl("annotate", kind, name, `${annotation}-`),
    after: {
      bypass:
        "Clients notice after the record's time to live, 5 minutes by default, and then pull from the upstreams. `pulumi up` leaves the record away.",
      unbypass:
        "external-dns makes the record again within a minute or so. Clients come back within fifteen minutes, as resolvers also remember that a name doesn't exist.",
    },
  };
}
