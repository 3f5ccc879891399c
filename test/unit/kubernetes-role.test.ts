/** The role that the documentation has for an existing cluster is what the program asks for, and no more. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { parseAllDocuments } from "yaml";
import { renderWorkload } from "../../components/hosts/kubernetes/objects.ts";
import { permissionsFor } from "../../components/hosts/kubernetes/permissions.ts";
import { kubernetesCases, kubernetesPlan } from "../support/kubernetes-regions.ts";

const file = join(import.meta.dirname, "../../docs/kubernetes-role.yaml");

/** `group resource verb`, sorted. */
function rightsOf(
  rules: readonly { groups: string[]; resources: string[]; verbs: readonly string[] }[],
): string[] {
  const all = rules.flatMap(({ groups, resources, verbs }) =>
    groups.flatMap((group) =>
      resources.flatMap((resource) => verbs.map((verb) => `${group} ${resource} ${verb}`)),
    ),
  );
  return [...new Set(all)].sort();
}

test("the role has what regions of all kinds take together", () => {
  const [role] = parseAllDocuments(readFileSync(file, "utf8")).map((document) => document.toJS());
  const { rules } = role as { rules: { apiGroups: string[]; resources: string[]; verbs: string[] }[] };
  const issuedInNamespace = {
    endpoint: { hostname: "cache.example.com", tls: { mode: "issuer", name: "own", kind: "Issuer" } },
  };
  const plans = [
    ...kubernetesCases.map((name) => kubernetesPlan(name)),
    kubernetesPlan("volumes", issuedInNamespace),
  ];
  const asked = plans.flatMap((plan) => permissionsFor(plan.region, renderWorkload(plan)));
  assert.deepEqual(
    rightsOf(rules.map(({ apiGroups, ...rest }) => ({ groups: apiGroups, ...rest }))),
    rightsOf(asked.map(({ group, resource, verbs }) => ({ groups: [group], resources: [resource], verbs }))),
  );
});
