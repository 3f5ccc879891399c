import { cloudFiles } from "../../support/cloud-files.ts";
import { cloudStack } from "../../support/cloud-stack.ts";
import type { Measure } from "../measure.ts";
import type { Measurement } from "../measurement.ts";

/** The size of the machine's user data in the cloud's form, compared with the cloud's limit. */
export const userData: Measure = {
  name: "user-data",
  async measure({ quick }) {
    const measurements: Measurement[] = [];
    for (const { file, cloud } of cloudFiles) {
      for (const count of quick ? [upstreams.length] : [1, upstreams.length]) {
        const account = cloud.newCloud();
        await using stack = await cloudStack(file, account);
        await stack.configure({ upstreams: upstreams.slice(0, count) });
        const { failed, messages } = await stack.run("up");
        if (failed) throw new Error(messages);
        const machines = account.things(cloud.types.machine);
        const sizes = machines.map((it) => Buffer.from(cloud.userDataOf(it), "base64").length);
        measurements.push({
          what: `user data of ${file}, upstreams: ${count}`,
          unit: "bytes",
          series: { stack: [Math.max(...sizes)], limit: [cloud.userDataLimitBytes] },
          goal: { against: "limit", atMost: 0.9 },
        });
      }
    }
    return measurements;
  },
};

const upstreams = [
  {
    name: "gsoci",
    registry: "gsoci.azurecr.io",
    repositories: ["giantswarm/**", "charts/giantswarm/**"],
    probe: "giantswarm/alpine:3.24.1",
  },
  { name: "quay", registry: "quay.io", repositories: ["example/**"] },
  { name: "github", registry: "ghcr.io", repositories: ["example/**"] },
  {
    name: "docker",
    registry: "docker.io",
    url: "https://registry-1.docker.io",
    repositories: ["example/**"],
  },
];
