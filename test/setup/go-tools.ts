import { join } from "node:path";
import { type GoTool, goTool } from "../../scripts/setup/from-source/go-build.ts";
import { goTools as productTools } from "../../scripts/setup/from-source/go-tools.ts";

/** https://github.com/kubernetes/kubernetes/blob/master/staging/README.md */
const kubernetes = {
  module: "k8s.io/kubernetes",
  version: "v1.36.3",
  staging: true,
  versionVariable: "k8s.io/component-base/version.gitVersion",
} as const;

const program = (name: string) => join(import.meta.dirname, "programs", name, "main.go");

/** The servers, helpers and clients of a Kubernetes control plane. */
export const controlPlaneTools = {
  etcd: { module: "go.etcd.io/etcd/server/v3", version: "v3.6.16", package: "" },
  "kube-apiserver": { ...kubernetes, package: "cmd/kube-apiserver" },
  "kube-controller-manager": { ...kubernetes, package: "cmd/kube-controller-manager" },
  "kube-scheduler": { ...kubernetes, package: "cmd/kube-scheduler" },
  kubectl: { ...kubernetes, package: "cmd/kubectl" },
  kwok: { module: "sigs.k8s.io/kwok", version: "v0.8.0", package: "cmd/kwok" },
  helm: { module: "helm.sh/helm/v4", version: "v4.3.1", package: "cmd/helm" },
} satisfies Record<string, GoTool>;

/** Programs with which GitOps controllers build objects from directories. */
export const gitOpsTools = {
  kustomize: { module: "sigs.k8s.io/kustomize/kustomize/v5", version: "v5.8.1", package: "" },
  helm: controlPlaneTools.helm,
} satisfies Record<string, GoTool>;

const containerd = { module: "github.com/containerd/containerd/v2", version: "v2.4.2" };
const cni = { module: "github.com/containernetworking/plugins", version: "v1.10.0" };

/** The programs of a node. runc comes from Debian. */
export const nodeTools = {
  "containerd-2.0": {
    module: "github.com/containerd/containerd/v2",
    version: "v2.0.14",
    package: "cmd/containerd",
  },
  "ctr-2.0": { module: "github.com/containerd/containerd/v2", version: "v2.0.14", package: "cmd/ctr" },
  kubelet: { ...kubernetes, package: "cmd/kubelet" },
  "kube-proxy": { ...kubernetes, package: "cmd/kube-proxy" },
  "containerd-shim-runc-v2": { ...containerd, package: "cmd/containerd-shim-runc-v2" },
  bridge: { ...cni, package: "plugins/main/bridge" },
  loopback: { ...cni, package: "plugins/main/loopback" },
  "host-local": { ...cni, package: "plugins/ipam/host-local" },
  // With only the plugins that a cluster needs. CoreDNS's own main package also brings those of the clouds.
  coredns: {
    module: "github.com/coredns/coredns",
    version: "v1.15.0",
    package: "core/dnsserver",
    program: program("coredns"),
  },
} satisfies Record<string, GoTool>;

/** The clients that pull from a cache, and the servers around it. */
export const cacheTools = {
  registry: productTools.registry,
  zot: productTools.zot,
  crane: { module: "github.com/google/go-containerregistry", version: "v0.22.1", package: "cmd/crane" },
  oras: { module: "oras.land/oras", version: "v1.3.6", package: "cmd/oras" },
  helm: controlPlaneTools.helm,
  "oci-conformance": {
    module: "github.com/opencontainers/distribution-spec/conformance",
    version: "v0.0.0-20260831232431-97274622c111",
    package: "",
  },
  "toxiproxy-server": {
    module: "github.com/Shopify/toxiproxy/v2",
    version: "v2.12.0",
    package: "cmd/server",
  },
  // It has no web page, because that is generated for a release and isn't in the module.
  alertmanager: {
    module: "github.com/prometheus/alertmanager",
    version: "v0.34.2",
    package: "cmd/alertmanager",
    missing: { "ui/app/dist/index.html": "" },
  },
  containerd: { ...containerd, package: "cmd/containerd" },
  ctr: { ...containerd, package: "cmd/ctr" },
  "containerd-1.7": {
    module: "github.com/containerd/containerd",
    version: "v1.7.35",
    package: "cmd/containerd",
  },
  "ctr-1.7": { module: "github.com/containerd/containerd", version: "v1.7.35", package: "cmd/ctr" },
  "k3s-pull": {
    module: "github.com/rancher/wharfie",
    version: "v0.7.1",
    package: "pkg/registries",
    program: program("k3s-pull"),
  },
  "buildkit-pull": {
    module: "github.com/moby/buildkit",
    version: "v0.34.2",
    package: "util/resolver",
    program: program("buildkit-pull"),
  },
  "node-files": {
    module: "github.com/coreos/ignition/v2",
    version: "v2.24.0",
    package: "config/v3_3",
    program: program("node-files"),
    requires: { "sigs.k8s.io/cluster-api/api": "v1.14.2" },
  },
  "talos-registries": {
    module: "github.com/siderolabs/talos/pkg/machinery",
    version: "v1.12.0",
    package: "config/configpatcher",
    program: program("talos-registries"),
  },
  regctl: productTools.regctl,
  pebble: { module: "github.com/letsencrypt/pebble/v2", version: "v2.10.1", package: "cmd/pebble" },
  "pebble-challtestsrv": {
    module: "github.com/letsencrypt/pebble/v2",
    version: "v2.10.1",
    package: "cmd/pebble-challtestsrv",
  },
  versitygw: { module: "github.com/versity/versitygw", version: "v1.8.0", package: "cmd/versitygw" },
} satisfies Record<string, GoTool>;

/**
 * Backports a correction: if an object is gone before the provider starts to watch it, the provider waits until its timeout. With this, it polls
 * instead. Released versions have corrections of their own: https://github.com/pulumi/pulumi-kubernetes/pull/3550,
 * https://github.com/pulumi/pulumi-kubernetes/pull/3688
 */
const seenDeletion = new Map([
  ['"sync/atomic"\n', '"sync/atomic"\n\t"time"\n'],
  ["\t\tdc.deleted.Store(false)\n", ""],
  [
    "\twg.Wait()\n",
    [
      "ended := make(chan struct{})",
      "go func() { wg.Wait(); close(ended) }()",
      "for isOver := false; !isOver && !dc.deleted.Load(); {",
      "select {",
      "case <-ended: isOver = true",
      "case <-time.After(time.Second): dc.refreshClusterState()",
      "}",
      "}\n",
    ].join("\n"),
  ],
]);

/**
 * Backports what the version of the npm package does: it creates objects, and doesn't take over existing ones of the name, unless a setting says so. A resource with another name would otherwise
 * take over the object, which is then deleted with the old name: https://github.com/pulumi/pulumi-kubernetes/pull/4278
 */
const notTakenOver = new Map([
  [
    "\t\t\tif c.ServerSideApply {\n\t\t\t\tforce := patchForce(c.Inputs, nil, c.Preview)\n",
    '\t\t\tif c.ServerSideApply && (c.Preview || os.Getenv("PULUMI_K8S_UPSERT_EXISTING_OBJECTS") == "true") {\n\t\t\t\tforce := patchForce(c.Inputs, nil, c.Preview)\n',
  ],
]);

export const goTools = {
  ...controlPlaneTools,
  ...gitOpsTools,
  ...cacheTools,
  // v4.18.1 and six commits: the newest version that is published as a module. Its own main package embeds generated files that the module lacks.
  "pulumi-resource-kubernetes": {
    module: "github.com/pulumi/pulumi-kubernetes/provider/v4",
    version: "v4.0.0-20240930223531-b7dae6b4ea56",
    package: "pkg/provider",
    program: program("pulumi-resource-kubernetes"),
    requires: { "github.com/pulumi/pulumi-kubernetes/sdk/v4": "v4.18.1" },
    embeds: [
      "cmd/pulumi-resource-kubernetes/schema.json",
      "cmd/pulumi-resource-kubernetes/terraform-mapping.json",
    ],
    corrections: { "pkg/await/condition/deleted.go": seenDeletion, "pkg/await/await.go": notTakenOver },
    revision: 2,
  },
} satisfies Record<string, GoTool>;

export type GoToolName = keyof typeof goTools | keyof typeof nodeTools;

/** See {@link goTool}. A node's programs are a build of their own, so that tests without nodes don't wait for them. */
export function ensureTool(name: GoToolName): Promise<string> {
  return name in nodeTools
    ? goTool(nodeTools, name as keyof typeof nodeTools)
    : goTool(goTools, name as keyof typeof goTools);
}
