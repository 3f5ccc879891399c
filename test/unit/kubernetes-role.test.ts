/** The roles that the documentation has for an existing cluster are what the program asks for, and no more. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import { type Permission, permissionsFor } from "../../components/hosts/kubernetes/permissions.ts";
import { kubernetesCases, kubernetesPlan } from "../support/kubernetes-regions.ts";

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

/** `group resource verb`, sorted. */
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

/** What regions of all kinds take together, in such a namespace. */
function asked(namespace: { name: string; create: boolean }): Permission[] {
  const plans = [
    ...kubernetesCases.map((name) => kubernetesPlan(name, { namespace })),
    kubernetesPlan("volumes", { namespace, ...issuedInNamespace }),
  ];
  return plans.flatMap((plan) => permissionsFor(plan.region, renderWorkload(plan)));
}

test("the ClusterRole has what all regions take whose namespace the stack makes", () => {
  const { ClusterRole } = rolesIn("kubernetes-role.yaml");
  const permissions = asked({ name: "registry-cache", create: true });
  assert.deepEqual(rightsOf(ClusterRole), rightsOf(asRules(permissions)));
});

test("in an existing namespace, a Role has all rights to change something, and the ClusterRole only reads", () => {
  const { Role, ClusterRole } = rolesIn("kubernetes-namespaced-role.yaml");
  const permissions = asked({ name: "team-cache", create: false });
  const { inside = [], outside = [] } = Object.groupBy(permissions, ({ namespace }) =>
    namespace === "team-cache" ? "inside" : "outside",
  );
  // Without it, less is known beforehand: see dry-run.ts.
  const forDryRun = { group: "", resource: "pods", verbs: ["create"] };
  assert.deepEqual(rightsOf(Role), rightsOf(asRules([...inside, forDryRun])));
  assert.deepEqual(rightsOf(ClusterRole), rightsOf(asRules(outside)));
  assert.deepEqual(
    outside.flatMap(({ verbs }) => verbs).filter((verb) => !["get", "list"].includes(verb)),
    [],
  );
});
