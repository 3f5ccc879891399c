/** Renders the program `registry-cache` for the place where it runs. */
import { internalPort } from "../../components/config/ports.ts";
import { edgePort } from "../../components/hosts/kubernetes/pod.ts";
import { onCallProgram, probeParameters } from "../../components/hosts/oncall/program.ts";
import { dataMount, stateDirectory } from "../../components/hosts/vm/user-data.ts";
import type { Place } from "./place.ts";
import { type DeployedRegion, endpointOf } from "./state.ts";

export function programFor(deployed: DeployedRegion, place: Place): string {
  const endpoint = endpointOf(deployed);
  const { hostname, port } = new URL(endpoint);
  const common = { region: deployed.region, endpoint, runbookUrl: "docs/runbooks/{alert}.md" };
  switch (place.kind) {
    case "local": {
      const { directory: data, probe } = place;
      return onCallProgram({
        ...common,
        host: "local",
        internalPort: place.internalPort,
        probe,
        data,
        state: data,
      });
    }
    case "kubernetes": {
      const { context, namespace, scheme } = place;
      return onCallProgram({
        ...common,
        host: "kubernetes",
        internalPort,
        probe: probeParameters(hostname, { port: edgePort, scheme }),
        context,
        namespace,
      });
    }
    case "aws vm":
    case "azure vm":
      return onCallProgram({
        ...common,
        host: "vm",
        internalPort,
        probe: probeParameters(hostname, { port: Number(port || 443) }),
        data: dataMount,
        state: stateDirectory,
      });
  }
}
