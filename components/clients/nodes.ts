import type { DaemonSet } from "kubernetes-types/apps/v1.d.ts";
import type { Namespace } from "kubernetes-types/core/v1.d.ts";
import { stringify } from "yaml";
import { imageOf } from "../config/images.ts";
import { script } from "../shell/script.ts";
import { type ClientOptions, cacheUrl } from "./cache-address.ts";
import { certsDirectory, renderHostsToml } from "./containerd.ts";

/** Manifests for `kubectl apply`. */
export interface NodesManifest {
  readonly apiVersion: "v1";
  readonly kind: "List";
  readonly items: readonly [Namespace, DaemonSet];
}

/** Nodes with this label use the cache of the region that is its value. */
export const nodesLabel = "registry-cache/region";

const namespace = "registry-cache-nodes";

/** The blackbox exporter's address, on the node's loopback because the Pod uses the node's network. */
const proberAddress = "127.0.0.1:15115";

/**
 * A DaemonSet for nodes whose files nobody else manages. It writes the containerd configuration of {@link renderHostsToml} while the node reaches the cache. A Pod is
 * ready while its node uses the cache for all registries, so the DaemonSet's status counts these nodes. The cache's own Pod uses the same image.
 */
export function renderNodes(options: ClientOptions): NodesManifest {
  const { region = "registry-cache", endpoint, upstreams, ca, images = {} } = options;
  const labels = { "app.kubernetes.io/name": namespace, "app.kubernetes.io/instance": region };
  const onNode = ca && { ...ca, file: `${certsDirectory}/registry-cache/${region}.crt` };
  const hosts = { ...options, ...(onNode && { ca: onNode }) };
  const entries = upstreams.flatMap((upstream) => [upstream.registry, renderHostsToml(upstream, hosts)]);
  return {
    apiVersion: "v1",
    kind: "List",
    items: [
      {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: {
          name: namespace,
          // Because the Pods use the node's network and a directory of the node.
          labels: { "pod-security.kubernetes.io/enforce": "privileged" },
        },
      },
      {
        apiVersion: "apps/v1",
        kind: "DaemonSet",
        // Called like the value of the nodes' label, so a node never has two of these Pods: they would delete each other's files.
        metadata: { name: region, namespace, labels },
        spec: {
          selector: { matchLabels: labels },
          // Kubernetes replaces Pods that aren't ready first. If new Pods don't become ready, the roll-out stops at this share.
          updateStrategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: "10%" } },
          template: {
            metadata: { labels },
            spec: {
              nodeSelector: { "kubernetes.io/os": "linux", [nodesLabel]: region },
              tolerations: [{ operator: "Exists" }],
              // A full node evicts other Pods for it.
              priorityClassName: "system-node-critical",
              automountServiceAccountToken: false,
              enableServiceLinks: false,
              // The Pod must see what the node reaches, with the node's name resolution.
              hostNetwork: true,
              dnsPolicy: "Default",
              terminationGracePeriodSeconds: 30,
              securityContext: { seccompProfile: { type: "RuntimeDefault" } },
              containers: [
                {
                  name: "nodes",
                  image: imageOf({ images }, "blackbox"),
                  command: ["sh", "-c", script(import.meta.url, "nodes.sh"), "nodes"],
                  args: [region, cacheUrl(endpoint), "/certs.d", ...entries],
                  env: [
                    ...(ca ? [{ name: "CA_CERTIFICATE", value: ca.certificate }] : []),
                    {
                      name: "PROBER_CONFIG",
                      value: stringify({ modules: { cache: prober(ca !== undefined) } }),
                    },
                    { name: "PROBER_ADDRESS", value: proberAddress },
                  ],
                  readinessProbe: {
                    exec: { command: ["sh", "-c", "cat /tmp/state; test -e /tmp/used"] },
                    periodSeconds: 5,
                    failureThreshold: 1,
                  },
                  resources: { requests: { cpu: "5m", memory: "24Mi" }, limits: { memory: "64Mi" } },
                  securityContext: {
                    // The directory belongs to root.
                    runAsUser: 0,
                    runAsGroup: 0,
                    allowPrivilegeEscalation: false,
                    readOnlyRootFilesystem: true,
                    capabilities: { drop: ["ALL"] },
                  },
                  volumeMounts: [
                    { name: "certs-d", mountPath: "/certs.d" },
                    { name: "work", mountPath: "/tmp" },
                  ],
                },
              ],
              volumes: [
                { name: "certs-d", hostPath: { path: certsDirectory, type: "DirectoryOrCreate" } },
                { name: "work", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
              ],
            },
          },
        },
      },
    ],
  };
}

/** https://github.com/prometheus/blackbox_exporter/blob/v0.28.0/CONFIGURATION.md */
function prober(isPrivate: boolean) {
  return {
    prober: "http",
    timeout: "4s",
    http: {
      valid_status_codes: [200],
      preferred_ip_protocol: "ip4",
      ...(isPrivate && { tls_config: { ca_file: "/tmp/ca.crt" } }),
    },
  };
}
