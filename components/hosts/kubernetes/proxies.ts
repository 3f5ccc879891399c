import { itHas, type Problem } from "../../config/problems.ts";
import { warn } from "../../config/refuse.ts";
import type { KubernetesRegion } from "../../config/schema.ts";
import { classProblems } from "./classes.ts";
import { ifThere, type Question } from "./cluster-api.ts";

/** Checks that the proxy in front of the cache exists and accepts the cache's route. */
export async function proxyProblems({ region, api }: Question): Promise<Problem[]> {
  const { expose } = region;
  if (expose.kind === "ingress") return classProblems(api, "IngressClass", expose.class, "expose.class");
  if (expose.kind !== "gateway") return [];
  const { name, namespace } = expose.gateway;
  const kind = { group: "gateway.networking.k8s.io", version: "v1", plural: "gateways" };
  const found: Gateway | undefined | null = await ifThere(
    api.custom.getNamespacedCustomObject({ ...kind, namespace, name }),
  );
  if (found === null) return [];
  if (!found) {
    return [{ path: "expose.gateway", message: `the namespace ${namespace} has no Gateway ${name}` }];
  }
  const { gatewayClassName, listeners } = found.spec;
  const problem = refusal(listeners, expose.gateway, region);
  if (!problem) warnAboutPort(listeners, expose.gateway, region);
  const isRefused = expose.timeouts && gatewayClassName.startsWith("gke-");
  return [...(problem ? [problem] : []), ...(isRefused ? [gkeProblem] : [])];
}

/** https://gateway-api.sigs.k8s.io/reference/spec/#listener */
interface Listener {
  readonly name: string;
  readonly port: number;
  readonly protocol: string;
  readonly hostname?: string;
  readonly allowedRoutes: { readonly namespaces: { readonly from: "All" | "Selector" | "Same" | "None" } };
}

interface Gateway {
  readonly spec: { readonly gatewayClassName: string; readonly listeners: readonly Listener[] };
}

/** GKE refuses timeouts in a route: https://cloud.google.com/kubernetes-engine/docs/how-to/gatewayclass-capabilities, https://github.com/kserve/kserve/issues/5311 */
const gkeProblem: Problem = {
  path: "expose.timeouts",
  message:
    "a Gateway of GKE refuses a route that has them: set `false`, and its limit as docs/kubernetes.md says",
};

interface NamedGateway {
  readonly namespace: string;
  readonly listener?: string;
}

/** Why no listener accepts the route. The namespaces of a `Selector` aren't checked here: the Gateway decides. */
function refusal(
  listeners: readonly Listener[],
  gateway: NamedGateway,
  { namespace, endpoint: { hostname, port } }: KubernetesRegion,
): Problem | undefined {
  const { listener: name } = gateway;
  const named = listeners.filter((it) => name === undefined || it.name === name);
  if (named.length === 0) {
    const message = `the Gateway has no listener "${name}"; ${itHas(listeners.map((it) => it.name))}`;
    return { path: "expose.gateway.listener", message };
  }
  const secure = named.filter(({ protocol }) => protocol === "HTTPS");
  const atPort = secure.filter((it) => it.port === port);
  // The Service in front can have another port than the listener, as Traefik's.
  const there = atPort.length > 0 || name === undefined ? atPort : secure;
  const ports = list(secure, (it) => it.port);
  if (there.length === 0) {
    const way =
      secure.length > 0
        ? ". If the Gateway's Service forwards this port to one, name it as `expose.gateway.listener`"
        : "";
    const message = `the Gateway has no HTTPS listener there; those it has are at: ${ports}${way}`;
    return { path: "endpoint.port", message };
  }
  const meant = there.filter((it) => it.hostname === undefined || covers(it.hostname, hostname));
  if (meant.length === 0) {
    const message = `the Gateway doesn't listen for it; it does for ${list(there, (it) => it.hostname)}`;
    return { path: "endpoint.hostname", message };
  }
  const accepts = namespace.name === gateway.namespace ? /All|Selector|Same/ : /All|Selector/;
  if (!meant.some(({ allowedRoutes }) => accepts.test(allowedRoutes.namespaces.from))) {
    const message = `its listener accepts no routes from the namespace ${namespace.name}: set \`allowedRoutes.namespaces\` there`;
    return { path: "expose.gateway", message };
  }
  return undefined;
}

/** For a listener that is named, because the Service in front of it can have another port. */
function warnAboutPort(
  listeners: readonly Listener[],
  gateway: NamedGateway,
  region: KubernetesRegion,
): void {
  const { port } = region.endpoint;
  const named = listeners.find(({ name }) => name === gateway.listener);
  if (named === undefined || named.port === port) return;
  const message = `clients use ${port}, and the listener ${named.name} is at ${named.port}: the Gateway's Service must forward ${port} to it`;
  warn([{ path: "endpoint.port", message }], region.name);
}

/** A wildcard matches one or more labels: https://gateway-api.sigs.k8s.io/reference/spec/#hostname */
function covers(pattern: string, hostname: string): boolean {
  return pattern.startsWith("*.") ? hostname.endsWith(pattern.slice(1)) : hostname === pattern;
}

function list<Item>(items: readonly Item[], say: (item: Item) => unknown): string {
  return [...new Set(items.map(say))].join(", ") || "none";
}
