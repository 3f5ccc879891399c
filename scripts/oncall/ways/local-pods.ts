import { podman } from "../../../components/hosts/local/podman.ts";
import { StepError } from "../../command/steps.ts";
import type { Local } from "../place.ts";
import type { DeployedRegion } from "../state.ts";
import type { Way } from "./way.ts";

/** Clients on this machine connect to 127.0.0.1. Without the Pods, connections are refused immediately. */
export function localPods({ region }: DeployedRegion, { kind }: Local): Way {
  const label = "label=app.kubernetes.io";
  const filters = ["--filter", `${label}/name=registry-cache`, "--filter", `${label}/instance=${region}`];
  const pods = async () => {
    const listed = await podman(["pod", "ps", ...filters, "--format", "{{.Name}} {{.Status}}"]);
    const found = listed.split("\n").filter(Boolean);
    if (found.length === 0)
      throw new StepError(
        `there is no Pod of ${region} on this machine (${kind}): \`npm run local\` brings it up`,
      );
    return found.map((line) => line.split(" ") as [string, string]);
  };
  const names = async () => (await pods()).map(([name]) => name);
  return {
    what: `the Pods of ${region} on this machine`,
    look: async () => ({
      there: (await pods()).some(([, status]) => !/^(?:Exited|Stopped|Created)/.test(status)),
    }),
    remove: async () => podman(["pod", "stop", ...(await names())]),
    restore: async () => podman(["pod", "start", ...(await names())]),
    after: {
      bypass:
        "Connections are refused at once, and clients pull from the upstreams. `npm run local` starts the Pods again.",
      unbypass: "The cache answers in a few seconds.",
    },
  };
}
