/** The objects of the workload in a cluster, as files to review. After an intended change: `npm run generate`. */
import { join } from "node:path";
import { stringify } from "yaml";
import { manifests } from "../../components/hosts/kubernetes/manifests.ts";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import { testGolden } from "../support/golden.ts";
import { kubernetesCases, kubernetesPlan, kubernetesRegionPlan } from "../support/kubernetes-regions.ts";

/** Kinds that other tests cover: the content of ConfigMaps, of rules and of the dashboard. */
const leftOut = ["ConfigMap", "PrometheusRule"];

const files = kubernetesCases.map((name) => {
  const objects = Object.values(renderWorkload(kubernetesPlan(name)))
    .flat()
    .filter((it) => it !== undefined && "kind" in it && !leftOut.includes(it.kind ?? ""));
  const documents = objects.map((it) => stringify(it, { aliasDuplicateObjects: false, lineWidth: 0 }));
  // A ConfigMap's hash changes with every change of its content.
  const text = documents.join("---\n").replaceAll(/(name: registry-cache-\S+-)[0-9a-f]{10}$/gm, "$1…");
  return [`${name}.yaml`, text] as const;
});

/** The Secrets of a region as references. */
const secretStore = { kind: "ClusterSecretStore", name: "vault", prefix: "caches/" } as const;
const plain = manifests(kubernetesRegionPlan("own-server"), { networkPolicies: "kubernetes", secretStore });
const references = Object.values(plain).filter(({ kind }) => kind === "ExternalSecret");
const documents = references.map((it) => stringify(it, { lineWidth: 0 }));

testGolden(join(import.meta.dirname, "kubernetes"), {
  ...Object.fromEntries(files),
  "external-secrets.yaml": documents.join("---\n"),
});
