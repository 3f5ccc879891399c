import assert from "node:assert/strict";
import { test } from "node:test";
import { planAwsVm } from "../../components/hosts/aws/vm/plan.ts";
import { podOptions } from "../../components/hosts/aws/vm/pod.ts";
import { bundleText } from "../../components/hosts/podman/bundle.ts";
import { vmPod } from "../../components/hosts/vm/pod.ts";
import { planRequest } from "../support/plan-request.ts";

/** The bundle of a machine, as text. */
function bundleOf(type: string, more: object = {}): string {
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
      ...more,
    }),
  );
  return bundleText(vmPod(podOptions(plan)));
}

test("limits transfers to the memory of the machine, or of a small one if the type isn't known", () => {
  const most = (type: string) => /limit_conn transfers (\d+);/.exec(bundleOf(type))?.[1];
  // Debian and the Pod take 1.5 GiB.
  assert.equal(most("c7gn.medium"), String(Math.floor(512 / 0.6)));
  assert.equal(most("m7g.large"), String(Math.floor((6.5 * 1024) / 0.6)));
  assert.equal(most("x99.large"), String(Math.floor(1024 / 0.6)));
});

test("gives the on-call program the runbooks' URL with the cache's labels", () => {
  const runbookUrl =
    "https://runbooks.example.com/{alert}?I={{ $labels.installation }}&R={{ $labels.region }}&U={{ $labels.upstream }}";
  const monitoring = { labels: { installation: "a b&c" }, alerts: { runbookUrl } };
  assert.equal(
    /RUNBOOK_URL='([^']*)'/.exec(bundleOf("m7g.large", { monitoring }))?.[1],
    "https://runbooks.example.com/{alert}?I=a%20b%26c&R=eu-central-1&U=",
  );
});
