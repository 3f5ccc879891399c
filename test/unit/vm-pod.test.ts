import assert from "node:assert/strict";
import { test } from "node:test";
import { planAwsVm } from "../../components/hosts/aws/vm/plan.ts";
import { podOptions } from "../../components/hosts/aws/vm/pod.ts";
import { bundleText } from "../../components/hosts/podman/bundle.ts";
import { vmPod } from "../../components/hosts/vm/pod.ts";
import { planRequest } from "../support/plan-request.ts";

test("limits transfers to the memory of the machine, or of a small one if the type isn't known", () => {
  const most = (type: string) => {
    const { plan } = planAwsVm(
      planRequest("aws vm", {
        provider: "aws",
        regions: [
          {
            name: "eu-central-1",
            topology: "vm",
            machine: { type },
            storage: { kind: "disk" },
            endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
            access: { clients: ["203.0.113.0/24"] },
          },
        ],
        upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
      }),
    );
    return /limit_conn transfers (\d+);/.exec(bundleText(vmPod(podOptions(plan))))?.[1];
  };
  // Debian and the Pod take 1.5 GiB.
  assert.equal(most("c7gn.medium"), String(Math.floor(512 / 0.6)));
  assert.equal(most("m7g.large"), String(Math.floor((6.5 * 1024) / 0.6)));
  assert.equal(most("x99.large"), String(Math.floor(1024 / 0.6)));
});
