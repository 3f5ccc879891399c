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
  const runbookUrl = "docs/runbooks/{alert}.md";
  const common = { region: deployed.region, endpoint, runbookUrl, internalPort };
  switch (place.kind) {
    case "local": {
      const { directory: data, probe, internalPort } = place;
      return onCallProgram({ ...common, host: "local", internalPort, probe, data, state: data });
    }
    case "kubernetes": {
      const { context, namespace, scheme } = place;
      const probe = probeParameters(hostname, { port: edgePort, scheme });
      return onCallProgram({ ...common, host: "kubernetes", probe, context, namespace });
    }
    case "aws vm":
    case "azure vm": {
      const probe = probeParameters(hostname, { port: Number(port || 443) });
      return onCallProgram({ ...common, host: "vm", probe, data: dataMount, state: stateDirectory });
    }
  }
}
