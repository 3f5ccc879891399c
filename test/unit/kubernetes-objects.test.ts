/** The objects of the workload in a cluster. test/engine/kubernetes.test.ts tests that a cluster accepts them, and what it does. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { CiliumNetworkPolicy } from "@kubernetes-models/cilium/cilium.io/v2/CiliumNetworkPolicy";
import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";
import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { StatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import { HorizontalPodAutoscaler } from "kubernetes-models/autoscaling/v2/HorizontalPodAutoscaler";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { NetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { ConfigMap } from "kubernetes-models/v1/ConfigMap";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { PersistentVolumeClaim } from "kubernetes-models/v1/PersistentVolumeClaim";
import { Service } from "kubernetes-models/v1/Service";
import { ServiceAccount } from "kubernetes-models/v1/ServiceAccount";
import type { Container, Probe } from "kubernetes-types/core/v1.d.ts";
import { parse } from "yaml";
import { replicaRequests } from "../../components/capacity/plan-replica.ts";
import { prefetch } from "../../components/config/prefetch.ts";
import { cpuMillisOf, memoryMiBOf } from "../../components/config/quantity.ts";
import { renderWorkload, type WorkloadObjects } from "../../components/hosts/kubernetes/objects.ts";
import { permissionsFor } from "../../components/hosts/kubernetes/permissions.ts";
import { withStoreSecret } from "../../components/hosts/kubernetes/secrets.ts";
import {
  ca,
  type KubernetesCase,
  kubernetesCases,
  kubernetesPlan,
  kubernetesRegions,
} from "../support/kubernetes-regions.ts";

type Model = new (data: never) => { validate(): void };

/** Models by kind, with the name that Roles use. The engine's test has Gateway API and cert-manager. */
const models: Readonly<Record<string, { model?: Model; resource: string }>> = {
  Namespace: { model: Namespace, resource: "namespaces" },
  ServiceAccount: { model: ServiceAccount, resource: "serviceaccounts" },
  ConfigMap: { model: ConfigMap, resource: "configmaps" },
  PersistentVolumeClaim: { model: PersistentVolumeClaim, resource: "persistentvolumeclaims" },
  Service: { model: Service, resource: "services" },
  Deployment: { model: Deployment, resource: "deployments" },
  StatefulSet: { model: StatefulSet, resource: "statefulsets" },
  HorizontalPodAutoscaler: { model: HorizontalPodAutoscaler, resource: "horizontalpodautoscalers" },
  PodDisruptionBudget: { model: PodDisruptionBudget, resource: "poddisruptionbudgets" },
  NetworkPolicy: { model: NetworkPolicy, resource: "networkpolicies" },
  CiliumNetworkPolicy: { model: CiliumNetworkPolicy, resource: "ciliumnetworkpolicies" },
  Ingress: { model: Ingress, resource: "ingresses" },
  HTTPRoute: { resource: "httproutes" },
  Certificate: { resource: "certificates" },
  PodMonitor: { model: PodMonitor, resource: "podmonitors" },
  PrometheusRule: { model: PrometheusRule, resource: "prometheusrules" },
};

interface Manifest {
  readonly apiVersion?: string;
  readonly kind?: string;
}

function all({ configMaps, ...objects }: WorkloadObjects): Manifest[] {
  const found: (Manifest | undefined)[] = [...Object.values(objects).flat(), ...Object.values(configMaps)];
  return found.filter((it) => it !== undefined);
}

function rendered(name: KubernetesCase, change = {}): WorkloadObjects {
  return renderWorkload(kubernetesPlan(name, change));
}

function containersOf({ workload }: WorkloadObjects): Container[] {
  return workload.spec.template.spec?.containers ?? [];
}

for (const name of kubernetesCases) {
  describe(name, () => {
    const objects = rendered(name);

    test("has valid objects", () => {
      for (const { kind = "", ...rest } of all(objects)) {
        const known = models[kind];
        assert.ok(known, kind);
        if (known.model) new known.model({ kind, ...rest } as never).validate();
      }
    });

    test("lets its user create, change and delete each of them", () => {
      const permissions = permissionsFor(kubernetesPlan(name).region, objects);
      for (const { kind = "", apiVersion = "" } of all(objects)) {
        const group = apiVersion.includes("/") ? apiVersion.split("/")[0] : "";
        const found = permissions.find((it) => it.group === group && it.resource === models[kind]?.resource);
        assert.deepEqual(
          ["create", "get", "list", "watch", "patch", "delete"].filter(
            (verb) => !found?.verbs.includes(verb),
          ),
          [],
          kind,
        );
      }
    });

    test("has a volume for each mount, and a mount for each volume", () => {
      const { spec } = objects.workload.spec.template;
      const volumes = [
        ...(spec?.volumes ?? []).map((it) => it.name),
        ...(objects.claims.length > 0 ? ["data"] : []),
      ];
      const mounts = containersOf(objects).flatMap(({ volumeMounts = [] }) =>
        volumeMounts.map((it) => it.name),
      );
      assert.deepEqual([...new Set(mounts)].sort(), [...new Set(volumes)].sort());
      const names = Object.values(objects.configMaps).map(({ metadata }) => metadata?.name);
      const used = (spec?.volumes ?? []).flatMap(({ configMap, projected }) => [
        ...(configMap?.name === undefined ? [] : [configMap.name]),
        ...(projected?.sources ?? []).flatMap((it) => it.configMap?.name ?? []),
      ]);
      assert.deepEqual(used.sort(), names.sort());
    });

    test("requires more of the edge's readiness than that nginx runs, and nothing of its sidecars", () => {
      const [edge, ...others] = containersOf(objects);
      assert.notDeepEqual(edge?.readinessProbe?.exec, edge?.livenessProbe?.exec);
      for (const { name, readinessProbe, startupProbe, command } of others) {
        assert.deepEqual([readinessProbe, startupProbe], [undefined, undefined], name);
        const isDelayed = command?.join(" ").includes("/dev/shm/$0.started") ?? false;
        // With a bucket, only the janitor keeps the replica within its part of the node's disk.
        const janitorCounts = objects.workload.kind === "Deployment";
        const delayed = ["prometheus", "blackbox", ...(janitorCounts ? [] : ["janitor"])];
        assert.equal(isDelayed, delayed.includes(name) || name.startsWith("origin-"), name);
      }
    });

    test("restarts what hangs without the delay of a Pod that ends", () => {
      for (const { name, livenessProbe, startupProbe, readinessProbe } of containersOf(objects)) {
        const ends = (probe: Probe | undefined) => probe?.terminationGracePeriodSeconds;
        if (livenessProbe) assert.equal(ends(livenessProbe), 10, name);
        if (startupProbe) assert.equal(ends(startupProbe), 10, name);
        assert.equal(ends(readinessProbe), undefined, "Kubernetes refuses it there");
      }
    });

    test("keeps the edge running until nobody sends it clients, and the others until it has ended", () => {
      const pause = ({ lifecycle }: Container) => lifecycle?.preStop?.sleep?.seconds ?? 0;
      const [edge, ...others] = containersOf(objects);
      assert.equal(edge?.name, "edge");
      const isBehindLoadBalancer = objects.service.spec?.type === "LoadBalancer";
      assert.equal(pause(edge), isBehindLoadBalancer ? 180 : 45);
      for (const other of others) assert.ok(pause(other) > pause(edge), other.name);
      const grace = objects.workload.spec.template.spec?.terminationGracePeriodSeconds ?? 0;
      assert.ok(grace >= Math.max(...others.map(pause)) + 110);
      assert.equal(objects.workload.spec.minReadySeconds, isBehindLoadBalancer ? 180 : 30);
    });
  });
}

test("drains for as long as the load balancer needs", () => {
  const expose = { kind: "loadBalancer", drainSeconds: 20, minReadySeconds: 5 };
  const objects = rendered("volumes", { expose });
  const [edge] = containersOf(objects);
  const { spec } = objects.workload;
  assert.equal(edge?.lifecycle?.preStop?.sleep?.seconds, 20);
  assert.equal(spec.minReadySeconds, 5);
  assert.equal(spec.template.spec?.terminationGracePeriodSeconds, 20 + 5 + 120);
  // Kubernetes 1.30 to 1.32 refuse a sleep of zero seconds.
  const [undrained, ...others] = containersOf(
    rendered("volumes", { expose: { ...expose, drainSeconds: 0 } }),
  );
  assert.equal(undrained?.lifecycle, undefined);
  for (const { lifecycle } of others) assert.equal(lifecycle?.preStop?.sleep?.seconds, 5);
});

test("gives a replica's volume, or its part of the node's disk, what the edge assumes", () => {
  const { claims, workload } = rendered("volumes");
  assert.deepEqual(
    claims.map(({ metadata, spec }) => [
      metadata?.name,
      spec?.storageClassName,
      spec?.resources?.requests?.storage,
    ]),
    [
      ["data-registry-cache-0", "fast", "200Gi"],
      ["data-registry-cache-1", "fast", "200Gi"],
    ],
  );
  assert.equal(workload.kind, "StatefulSet");
  const objects = rendered("bucket");
  const { volumes = [] } = objects.workload.spec.template.spec ?? {};
  const data = volumes.find((it) => it.name === "data");
  const [edge] = containersOf(objects);
  assert.equal(data?.emptyDir?.sizeLimit, edge?.resources?.requests?.["ephemeral-storage"]);
});

test("autoscales only between a `min` and a `max`", () => {
  assert.equal(rendered("volumes").autoscaler, undefined);
  const { autoscaler, workload } = rendered("bucket");
  assert.equal(autoscaler?.spec.minReplicas, 3);
  assert.equal(autoscaler?.spec.maxReplicas, 9);
  assert.equal(workload.spec.replicas, 3);
  const [cpu, connections] = autoscaler?.spec.metrics ?? [];
  assert.equal(cpu?.containerResource?.container, "edge");
  assert.equal(cpu?.containerResource?.target.averageUtilization, 60);
  assert.equal(connections?.pods?.metric.name, "registry_cache_connections");
  assert.equal(rendered("bucket", { replicas: { min: 2, max: 3 } }).autoscaler?.spec.metrics?.length, 1);
});

test("lets the configured clients in at a load balancer, with their addresses, and nobody at the metrics", () => {
  const closed = rendered("volumes").service.spec;
  assert.deepEqual(closed?.loadBalancerSourceRanges, ["203.0.113.0/24", "2001:db8::/32"]);
  const { service } = rendered("bucket");
  assert.equal(service.spec?.loadBalancerSourceRanges, undefined);
  assert.equal(service.spec?.loadBalancerClass, "example.com/lb");
  assert.equal(service.spec?.externalTrafficPolicy, "Local");
  assert.deepEqual(service.spec?.ports, [{ name: "endpoint", port: 8443, targetPort: "endpoint" }]);
  assert.deepEqual(service.metadata?.annotations, { "example.com/scheme": "internet-facing" });
  const external = rendered("volumes").service.metadata?.annotations;
  assert.deepEqual(external, { "external-dns.alpha.kubernetes.io/hostname": "cache.example.com" });
});

test("sets no time limit on a route, or nothing on a Gateway that doesn't support that", () => {
  const timeouts = (change = {}) => {
    const { route } = rendered("gateway", { expose: { ...kubernetesRegions.gateway.expose, ...change } });
    const { rules = [] } = (route?.spec ?? {}) as { rules?: { timeouts?: object }[] };
    return rules.map((rule) => rule.timeouts);
  };
  assert.deepEqual(timeouts(), [{ request: "0s" }]);
  assert.deepEqual(timeouts({ timeouts: false }), [undefined]);
});

test("asks an external issuer for the certificate, without rights to read it", () => {
  const issuer = { name: "step", kind: "StepClusterIssuer", group: "certmanager.step.sm" };
  const endpoint = { hostname: "cache.example.com", tls: { mode: "issuer", ...issuer } };
  const plan = kubernetesPlan("bucket", { endpoint });
  const objects = renderWorkload(plan);
  assert.partialDeepStrictEqual(objects.certificate?.spec, { issuerRef: issuer });
  const resources = permissionsFor(plan.region, objects).map(({ resource }) => resource);
  assert.ok(!resources.some((it) => it.endsWith("issuers")), resources.join());
});

test("gives the operator's Prometheus a private authority", () => {
  const { monitoring } = rendered("bucket");
  const [podMonitor] = monitoring.filter(({ kind }) => kind === "PodMonitor") as {
    spec: PodMonitor["spec"];
  }[];
  const { configMap } = podMonitor?.spec.podMetricsEndpoints?.[0]?.tlsConfig?.ca ?? {};
  const found = monitoring.find(({ metadata }) => metadata?.name === configMap?.name);
  assert.deepEqual(found && "data" in found && found.data, { [configMap?.key ?? ""]: ca });
});

test("makes scratch a part of the node's disk, or a volume that is deleted with its Pod", () => {
  const objects = rendered("existing");
  const { volumes = [] } = objects.workload.spec.template.spec ?? {};
  const claim = volumes.find(({ name }) => name === "data")?.ephemeral?.volumeClaimTemplate?.spec;
  assert.deepEqual(claim, {
    accessModes: ["ReadWriteOnce"],
    storageClassName: "fast",
    resources: { requests: { storage: "100Gi" } },
  });
  const [edge] = containersOf(objects);
  assert.equal(edge?.resources?.requests?.["ephemeral-storage"], undefined);
});

test("lets an autoscaler remove a node whose disk has scratch, unless the configuration forbids it", () => {
  const key = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes";
  const annotation = (name: KubernetesCase, change = {}) =>
    rendered(name, change).workload.spec.template.metadata?.annotations?.[key];
  assert.equal(annotation("bucket"), "data");
  assert.equal(annotation("bucket", { pods: { annotations: { [key]: "none" } } }), "none");
  for (const name of ["existing", "volumes"] as const) assert.equal(annotation(name), undefined, name);
});

test("uses the configured requests and limits, which must be consistent", () => {
  const of = (given: object) =>
    Object.fromEntries(
      containersOf(rendered("bucket", { pods: { resources: given } })).map(({ name, resources }) => [
        name,
        resources,
      ]),
    );
  const before = of({});
  assert.deepEqual(of({ prometheus: { limits: { memory: "100Mi" } } }).prometheus, {
    requests: { cpu: "20m", memory: "100Mi" },
    limits: { cpu: "500m", memory: "100Mi" },
  });
  assert.deepEqual(of({ prometheus: { requests: { cpu: "1", memory: "256Mi" } } }).prometheus, {
    requests: { cpu: "1", memory: "256Mi" },
    limits: { cpu: "1", memory: "512Mi" },
  });
  const origins = of({ origin: { limits: { cpu: "2" } } });
  for (const name of ["origin-gsoci", "stored-gsoci"]) assert.equal(origins[name]?.limits?.cpu, "2");
  assert.deepEqual(origins.edge, before.edge);
});

test("gives nginx workers and memory for the edge's resources", () => {
  const objects = rendered("bucket", { pods: { resources: { edge: { requests: { cpu: "3500m" } } } } });
  assert.match(objects.configMaps.edge?.data?.["nginx.conf"] ?? "", /^worker_processes 4;$/m);
  const [edge] = containersOf(objects);
  // Four workers need more than two.
  assert.deepEqual(edge?.resources?.limits, { memory: "295Mi" });
});

test("names no user in the Pods where the cluster chooses it, and keeps the other restrictions", () => {
  const { securityContext, containers = [] } = rendered("existing").workload.spec.template.spec ?? {};
  assert.deepEqual(securityContext, {
    runAsNonRoot: true,
    // The cluster also chooses `fsGroup`.
    fsGroupChangePolicy: "OnRootMismatch",
    seccompProfile: { type: "RuntimeDefault" },
  });
  for (const { name, securityContext: own } of containers) {
    assert.deepEqual(
      own,
      {
        runAsNonRoot: true,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      },
      name,
    );
  }
});

test("sets the configured labels and annotations on the namespace, and keeps it restricted", () => {
  const namespace = { name: "caches", labels: { team: "a" }, annotations: { owner: "b" } };
  assert.deepEqual(rendered("volumes", { namespace }).namespace?.metadata, {
    name: "caches",
    labels: { team: "a", ...rendered("volumes").namespace?.metadata?.labels },
    annotations: { owner: "b" },
  });
});

test("names a ConfigMap by its content", () => {
  const names = (change = {}) =>
    Object.fromEntries(
      Object.entries(rendered("volumes", change).configMaps).map(([part, it]) => [part, it.metadata?.name]),
    );
  const before = names();
  assert.deepEqual(names(), before);
  const after = names({ freshnessSeconds: 30 });
  assert.deepEqual(
    Object.keys(before).filter((part) => before[part] !== after[part]),
    ["edge"],
  );
  for (const { immutable } of Object.values(rendered("volumes").configMaps)) assert.equal(immutable, true);
});

test("sets nginx's workers by the edge's requests, not by the node's processors", () => {
  const objects = rendered("bucket");
  assert.match(objects.configMaps.edge?.data?.["nginx.conf"] ?? "", /^worker_processes 2;$/m);
  const janitor = containersOf(objects).find(({ name }) => name === "janitor");
  assert.equal(janitor?.env?.find(({ name }) => name === "WORKERS")?.value, "2");
});

test("requests what the plan of a cluster's nodes counts, for each upstream and for prefetching", () => {
  const plan = kubernetesPlan("bucket");
  const [upstream] = plan.upstreams;
  const three = ["a", "b", "c"].map((name) => ({ ...(upstream as NonNullable<typeof upstream>), name }));
  for (const change of [{}, { upstreams: three }, { prefetch: prefetch.parse({}) }]) {
    const changed = { ...plan, ...change };
    const requests = containersOf(renderWorkload(changed)).map(({ resources }) => resources?.requests ?? {});
    const sum = (amounts: number[]) => amounts.reduce((one, other) => one + other, 0);
    assert.deepEqual(replicaRequests(changed.replica.edge, changed), {
      cpuMillis: sum(requests.map(({ cpu = "" }) => cpuMillisOf(cpu))),
      memoryMiB: sum(requests.map(({ memory = "" }) => memoryMiBOf(memory))),
    });
  }
});

test("changes no Pod when a volume grows, unless it is small", () => {
  const template = (size: string) =>
    JSON.stringify(rendered("volumes", { storage: { kind: "disk", size } }).workload.spec.template);
  assert.equal(template("100GiB"), template("200GiB"));
  assert.notEqual(template("10GiB"), template("100GiB"));
});

test("names the store's Secret in the template, and changes nothing else", () => {
  const text = JSON.stringify(rendered("own-server").workload.spec.template);
  const own = JSON.stringify(withStoreSecret(JSON.parse(text), "cache-bucket-x1y2"));
  assert.ok(own.includes('"name":"cache-bucket-x1y2"'));
  assert.deepEqual(
    JSON.parse(own.replaceAll("cache-bucket-x1y2", "registry-cache-bucket")),
    withStoreSecret(JSON.parse(text), "registry-cache-bucket"),
  );
});

test("stores credentials in files that only the container which needs them can read", () => {
  const objects = rendered("own-server");
  const { volumes = [] } = objects.workload.spec.template.spec ?? {};
  for (const [container, secretName] of [
    ["origin-gsoci", "registry-cache-credentials-gsoci"],
    ["prometheus", "registry-cache-remote-write"],
  ]) {
    const [volume] = volumes.filter(({ secret }) => secret?.secretName === secretName);
    assert.equal(volume?.secret?.defaultMode, 0o440);
    const readers = containersOf(objects).filter(({ volumeMounts = [] }) =>
      volumeMounts.some(({ name }) => name === volume?.name),
    );
    assert.deepEqual(
      readers.map(({ name }) => name),
      [container],
    );
  }
});

test("labels a replica by its Pod's name, and all its alerts except the one that never ends", () => {
  const { configMaps } = rendered("volumes");
  const { global, alerting } = parse(configMaps.prometheus?.data?.["prometheus.yml"] ?? "");
  assert.match(global.external_labels.replica, /^\$\{replica\}$/);
  assert.partialDeepStrictEqual(global.external_labels, { provider: "kubernetes", topology: "cluster" });
  assert.deepEqual(alerting.alert_relabel_configs, [
    { source_labels: ["alertname"], regex: "Watchdog", target_label: "replica", replacement: "" },
  ]);
  const prometheus = containersOf(rendered("volumes")).find((it) => it.name === "prometheus");
  assert.deepEqual(prometheus?.env?.[0], {
    name: "replica",
    valueFrom: { fieldRef: { fieldPath: "metadata.name" } },
  });
});

test("says so if an alert is about one of several replicas", () => {
  const rules = (change: object) => rendered("bucket", change).configMaps.prometheus?.data?.["rules.yml"];
  const [one, two, upToTwo] = [{ min: 1 }, { min: 2 }, { min: 1, max: 2 }].map((replicas) =>
    rules({ replicas }),
  );
  assert.equal(two, upToTwo);
  assert.match(two ?? "", /Neither this replica nor the upstream/);
  assert.match(one ?? "", /Neither the cache nor the upstream/);
});

test("leaves S3's address to the registries with IRSA, because they would use a given one for STS, too", () => {
  const config = (change = {}) =>
    rendered("bucket", change).configMaps["origin-gsoci"]?.data?.["config.yml"] ?? "";
  assert.match(
    config({ serviceAccount: {} }),
    /regionendpoint: https:\/\/s3\.eu-central-1\.amazonaws\.com\n/,
  );
  assert.doesNotMatch(config(), /regionendpoint/);
});
