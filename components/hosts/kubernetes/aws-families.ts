/**
 * The IP families of a Network Load Balancer. AWS's controller reads the load balancer's family from an annotation, and the targets' family from the Service: one IPv6 family makes all
 * targets IPv6. https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/main/pkg/service/model_build_target_group.go (buildTargetGroupIPAddressType)
 */
import { type Problem, problemIf } from "../../config/problems.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import { familyNameOf } from "../address-family.ts";

type LoadBalancer = Extract<KubernetesRegion["expose"], { kind: "loadBalancer" }>;

const prefix = "service.beta.kubernetes.io/aws-load-balancer-";
const addressType = `${prefix}ip-address-type`;
const targetType = `${prefix}nlb-target-type`;
export const dualStackAnnotation = `${addressType}: dualstack`;

/** Load balancer classes of EKS Auto Mode and of the AWS Load Balancer Controller. */
const classes = ["eks.amazonaws.com/nlb", "service.k8s.aws/nlb"];

/** Whether the configuration shows that AWS creates the load balancer. A cluster can also have AWS's class as its default, which this can't detect. */
export function isInAws({ class: name = "", annotations }: LoadBalancer): boolean {
  return classes.includes(name) || Object.keys(annotations).some((key) => key.startsWith(prefix));
}

export function isDualStackInAws({ annotations }: LoadBalancer): boolean {
  return annotations[addressType] === "dualstack";
}

/** @param targets the targets' IP family from the Service; undefined if the cluster decides */
export function awsProblems(expose: LoadBalancer, targets: string | undefined): Problem[] {
  if (!isInAws(expose) || targets !== "IPv6" || isDualStackInAws(expose)) return [];
  const message = `lacks \`${dualStackAnnotation}\`: with IPv6 in the Service, AWS's controller makes no load balancer without it. Set it, or leave out \`expose.ipFamilyPolicy\` and \`expose.ipFamilies\``;
  return [{ path: "expose.annotations", message }];
}

/** @param ranges the clients' CIDR ranges; empty if all addresses are allowed */
export function awsWarnings(
  expose: LoadBalancer,
  targets: string | undefined,
  ranges: readonly string[],
): Problem[] {
  const { annotations } = expose;
  const isDualStack = isDualStackInAws(expose);
  const families = new Set(ranges.map(familyNameOf));
  const other = targets === "IPv4" ? "IPv6" : "IPv4";
  // `nlb-ip` is the older way to use Pods as targets.
  const hasPods = annotations[targetType] === "ip" || annotations[`${prefix}type`] === "nlb-ip";
  return [
    ...problemIf(
      !isDualStack && targets === undefined && families.has("IPv6"),
      "access.clients",
      `has IPv6 ranges, and AWS's controller makes no load balancer for them without the annotation \`${dualStackAnnotation}\`. Set it, or leave out the ranges`,
    ),
    ...problemIf(
      isDualStack && targets !== undefined && families.has(other),
      "access.clients",
      `has ${other} ranges, and the load balancer's targets have ${targets} addresses: AWS replaces the addresses of ${other} clients by its own, and the cache refuses those. Leave out the ranges, or serve these clients by a region of their own`,
    ),
    // https://github.com/kubernetes-sigs/aws-load-balancer-controller/issues/3692
    ...problemIf(
      targets === "IPv6" && !hasPods,
      "expose.annotations",
      `lacks \`${targetType}: ip\`: otherwise, AWS takes only nodes with a primary IPv6 address as IPv6 targets`,
    ),
  ];
}
