/** The documented roles for an existing cluster have exactly the rights that the program needs. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import { type Permission, permissionsFor } from "../../components/hosts/kubernetes/permissions.ts";
import { kubernetesCases, kubernetesPlan, kubernetesRegions } from "../support/kubernetes-regions.ts";

interface Rule {
  readonly apiGroups: string[];
  readonly resources: string[];
  readonly verbs: string[];
}

/** The roles in a file of docs/, by their kind. */
function rolesIn(file: string): Readonly<Record<string, readonly Rule[]>> {
  const documents = parseAllDocuments(readFileSync(join(import.meta.dirname, "../../docs", file), "utf8"));
  const roles = documents.map((it) => it.toJS() as { kind: string; rules?: Rule[] });
  return Object.fromEntries(roles.flatMap(({ kind, rules }) => (rules ? [[kind, rules]] : [])));
}

/** The rights as `group resource verb`, sorted. */
function rightsOf(rules: readonly Rule[] = []): string[] {
  const all = rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${group} ${resource} ${verb}`)),
    ),
  );
  return [...new Set(all)].sort();
}

function asRules(permissions: readonly Permission[]): Rule[] {
  return permissions.map(({ group, resource, verbs }) => ({
    apiGroups: [group],
    resources: [resource],
    verbs: [...verbs],
  }));
}

const issuedInNamespace = {
  endpoint: { hostname: "cache.example.com", tls: { mode: "issuer", name: "own", kind: "Issuer" } },
};

/** The rights that regions of all kinds need together, in such a namespace. */
function asked(namespace: { name: string; create: boolean }): Permission[] {
  const plans = [
    ...kubernetesCases.map((name) => kubernetesPlan(name, { namespace })),
    kubernetesPlan("volumes", { namespace, ...issuedInNamespace }),
  ];
  return plans.flatMap((plan) => permissionsFor(plan.region, renderWorkload(plan)));
}

test("needs to list classes only for a region that names one", () => {
  const classesOf = (change: Record<string, unknown>) => {
    const { region } = kubernetesPlan("bucket", change);
    const permissions = permissionsFor(region, renderWorkload(kubernetesPlan("bucket", change)));
    return permissions.map(({ resource }) => resource).filter((it) => it.endsWith("classes"));
  };
  const { storage } = kubernetesRegions.bucket;
  const expose = { kind: "ingress", proxies: ["10.1.0.0/16"] };
  assert.deepEqual(classesOf({ expose }), []);
  assert.deepEqual(classesOf({ expose: { ...expose, class: "nginx" } }), ["ingressclasses"]);
  assert.deepEqual(classesOf({ storage: { ...storage, scratch: { class: "fast" } } }), ["storageclasses"]);
});

test("has in the ClusterRole what all regions with the stack's own namespace need", () => {
  const { ClusterRole } = rolesIn("kubernetes-role.yaml");
  const permissions = asked({ name: "registry-cache", create: true });
  assert.deepEqual(rightsOf(ClusterRole), rightsOf(asRules(permissions)));
});

test("has all rights for changes in an existing namespace in a Role, and only reads in the ClusterRole", () => {
  const { Role, ClusterRole } = rolesIn("kubernetes-namespaced-role.yaml");
  const permissions = asked({ name: "team-cache", create: false });
  const { inside = [], outside = [] } = Object.groupBy(permissions, ({ namespace }) =>
    namespace === "team-cache" ? "inside" : "outside",
  );
  // Optional: without this right, less is checked in advance (see dry-run.ts).
  const forDryRun = { group: "", resource: "pods", verbs: ["create"] };
  assert.deepEqual(rightsOf(Role), rightsOf(asRules([...inside, forDryRun])));
  assert.deepEqual(rightsOf(ClusterRole), rightsOf(asRules(outside)));
  assert.deepEqual(
    outside.flatMap(({ verbs }) => verbs).filter((verb) => !["get", "list"].includes(verb)),
    [],
  );
});
