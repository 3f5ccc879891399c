/** The IP families of the Service through which clients reach the replicas. */
import type { ServiceSpec } from "kubernetes-types/core/v1.d.ts";
import { everyone } from "../../config/access.ts";
import { type Problem, problemIf } from "../../config/problems.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import { familyNameOf } from "../address-family.ts";
import { awsProblems, awsWarnings, dualStackAnnotation, isDualStackInAws, isInAws } from "./aws-families.ts";

type Expose = KubernetesRegion["expose"];
type Families = Pick<Expose & { kind: "loadBalancer" }, "ipFamilyPolicy" | "ipFamilies">;

/** The configured IP families, with the path of the key that contains them. */
export function configuredFamilies(expose: Expose): { readonly families: Families; readonly path: string } {
  return expose.kind === "loadBalancer"
    ? { families: expose, path: "expose" }
    : { families: expose.service, path: "expose.service" };
}

/** The IP families in the Service's spec. Empty if the cluster decides. */
export function familiesOf(expose: Expose): Pick<ServiceSpec, "ipFamilyPolicy" | "ipFamilies"> {
  const { ipFamilyPolicy, ipFamilies } = configuredFamilies(expose).families;
  return {
    ...(ipFamilyPolicy !== undefined && { ipFamilyPolicy }),
    ...(ipFamilies !== undefined && { ipFamilies: [...ipFamilies] }),
  };
}

function wantsBoth({ ipFamilyPolicy = "SingleStack" }: Families): boolean {
  return ipFamilyPolicy !== "SingleStack";
}

/** The Service's only IP family, if the configuration names it. */
function onlyFamily(families: Families): string | undefined {
  return wantsBoth(families) ? undefined : families.ipFamilies?.[0];
}

/** CIDR ranges of clients that connect to a load balancer directly. Empty if it accepts all addresses. Behind a proxy, clients use the proxy's families. */
function clientRanges({ expose, access }: Pick<KubernetesRegion, "access" | "expose">): readonly string[] {
  const isPublic = everyone.every((range) => access.clients.includes(range));
  return expose.kind !== "loadBalancer" || isPublic ? [] : access.clients;
}

/** The IP family of an AWS load balancer's targets, if the configuration determines it: IPv6 if the Service can have it. */
function awsTargets(families: Families): string | undefined {
  return wantsBoth(families) ? "IPv6" : onlyFamily(families);
}

/**
 * Problems that can be found without asking the cluster.
 *
 * Ranges of a family that the load balancer lacks do harm. AWS's controller creates no load balancer at all
 * (https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/main/pkg/service/model_build_managed_sg.go, "unsupported v6 cidr"). Azure's writes no rule for such a range
 * (https://github.com/kubernetes-sigs/cloud-provider-azure/blob/master/pkg/provider/loadbalancer/accesscontrol.go). Google Cloud's puts all ranges into one rule, which
 * Google refuses (https://github.com/kubernetes/cloud-provider-gcp/blob/master/providers/gce/gce_loadbalancer_external.go, https://github.com/kubernetes/kops/pull/12170).
 * kube-proxy drops the range with a warning (https://github.com/kubernetes/kubernetes/blob/master/pkg/proxy/serviceport.go).
 */
export function familyProblems(region: Pick<KubernetesRegion, "access" | "expose">): Problem[] {
  const { expose, access } = region;
  const { families, path } = configuredFamilies(expose);
  const { ipFamilies = [] } = families;
  if (ipFamilies.length > 1 && !wantsBoth(families)) {
    const message = `names two families, and a Service has one without \`${path}.ipFamilyPolicy\`: set that to PreferDualStack or RequireDualStack`;
    return [{ path: `${path}.ipFamilies`, message }];
  }
  if (expose.kind !== "loadBalancer") return [];
  const ofAws = awsProblems(expose, awsTargets(families));
  const only = onlyFamily(families);
  // With that annotation, an AWS load balancer has both families.
  if (ofAws.length > 0 || only === undefined || isDualStackInAws(expose)) return ofAws;
  const ranges = new Set(clientRanges(region));
  const remedy = isInAws(expose)
    ? `set the annotation \`${dualStackAnnotation}\``
    : `set \`${path}.ipFamilyPolicy\` to PreferDualStack or RequireDualStack, on AWS instead the annotation \`${dualStackAnnotation}\``;
  return access.clients.flatMap((range, index) =>
    problemIf(
      ranges.has(range) && familyNameOf(range) !== only,
      `access.clients[${index}]`,
      `${range} is ${familyNameOf(range)}, and \`${path}.ipFamilies\` names ${only} only: leave it out, or ${remedy}`,
    ),
  );
}

/**
 * Warnings about behavior that depends on the cluster or its cloud. If there is no range of a family, GKE's firewall allows all addresses of that family. Only the network policy and the edge
 * then refuse them: https://github.com/kubernetes/ingress-gce/blob/master/pkg/utils/sourceranges.go
 */
export function familyWarnings(region: Pick<KubernetesRegion, "access" | "expose">): Problem[] {
  const { expose } = region;
  const { families, path } = configuredFamilies(expose);
  const ranges = clientRanges(region);
  if (expose.kind === "loadBalancer" && isInAws(expose))
    return awsWarnings(expose, awsTargets(families), ranges);
  const [first, second] = [...new Set(ranges.map(familyNameOf))];
  const warning = (message: string) => [{ path: "access.clients", message }];
  if (first === undefined) return [];
  if (wantsBoth(families) && second === undefined) {
    const missing = first === "IPv4" ? "IPv6" : "IPv4";
    return warning(
      `has no ${missing} range, and the load balancer gets an ${missing} address where the cluster has both families: the cache refuses all clients that use it. Add their ranges, or leave out \`${path}.ipFamilyPolicy\``,
    );
  }
  if (!wantsBoth(families) && onlyFamily(families) === undefined && second !== undefined) {
    // If the key is missing, an existing Service keeps its families.
    const perhaps = families.ipFamilyPolicy === undefined ? ", unless an earlier update gave it both" : "";
    return warning(
      `has IPv4 and IPv6 ranges, and the load balancer has one family${perhaps}. AWS's controller then makes none at all, and Google Cloud's probably none without backend services. Leave out the ranges of the other family, or set \`${path}.ipFamilyPolicy\`, on AWS instead the annotation \`${dualStackAnnotation}\``,
    );
  }
  return [];
}
