/** The program `registry-cache`, for the place where it is to work. */
import { edgePort, internalPort as internalPortOfPod } from "../../components/hosts/kubernetes/pod.ts";
import { onCallProgram, probeParameters } from "../../components/hosts/oncall/program.ts";
import { internalPort as internalPortOfMachine } from "../../components/hosts/vm/pod.ts";
import { dataMount, stateDirectory } from "../../components/hosts/vm/user-data.ts";
import type { Cluster, Local } from "./place.ts";
import { type DeployedRegion, endpointOf } from "./state.ts";

const runbookUrl = "docs/runbooks/{alert}.md";

/** Of a machine in a cloud. */
export function programForMachine(deployed: DeployedRegion): string {
  const endpoint = endpointOf(deployed);
  return onCallProgram({
    host: "vm",
    region: deployed.region,
    endpoint,
    internalPort: internalPortOfMachine,
    probe: probeParameters(new URL(endpoint).hostname, { port: Number(new URL(endpoint).port || 443) }),
    runbookUrl,
    data: dataMount,
    state: stateDirectory,
  });
}

/** Of a cluster or of this machine. */
export function programFor(deployed: DeployedRegion, place: Cluster | Local): string {
  const endpoint = endpointOf(deployed);
  const common = { region: deployed.region, endpoint, runbookUrl };
  if (place.kind === "local") {
    const { directory, probe, internalPort: own } = place;
    return onCallProgram({
      ...common,
      host: "local",
      internalPort: own,
      probe,
      data: directory,
      state: directory,
    });
  }
  const { context, namespace, scheme } = place;
  const probe = probeParameters(new URL(endpoint).hostname, { port: edgePort, scheme });
  return onCallProgram({
    ...common,
    host: "kubernetes",
    internalPort: internalPortOfPod,
    probe,
    context,
    namespace,
  });
}
