/** The real chart of cert-manager, with the values that it gets in a cluster that a stack creates. */
import assert from "node:assert/strict";
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { execa } from "execa";
import { parseAllDocuments, stringify } from "yaml";
import { certManager, chartValues, version } from "../../components/hosts/kubernetes-cluster/cert-manager.ts";
import { valueAt, valuesAt } from "../doubles/values.ts";
import { ensureFiles, goFiles } from "../setup/go-files.ts";
import { ensureTool } from "../setup/go-tools.ts";
import { tempDir } from "../support/scope.ts";

const scheduling = {
  nodeSelector: { "kubernetes.io/arch": "arm64" },
  tolerations: [{ key: "CriticalAddonsOnly", operator: "Exists" as const }],
};

let objects: unknown[];

before(async () => {
  const values = chartValues({
    scheduling,
    annotations: { "example.com/identity": "cert-manager" },
    podLabels: { "example.com/use": "true" },
  });
  objects = await rendered(values);
});

/** Renders it with Helm, which refuses values that the chart's schema doesn't have. */
async function rendered(values: object): Promise<unknown[]> {
  await using directory = await tempDir();
  const chart = join(directory.path, "chart");
  await cp(await ensureFiles("cert-manager-chart"), chart, { recursive: true });
  const description = { apiVersion: "v2", name: "cert-manager", version, appVersion: version };
  await writeFile(join(chart, "Chart.yaml"), stringify(description));
  await writeFile(join(directory.path, "values.yaml"), stringify(values));
  const args = ["template", "cert-manager", chart, "--namespace", certManager.namespace];
  const { stdout } = await execa(await ensureTool("helm"), [
    ...args,
    "--values",
    join(directory.path, "values.yaml"),
  ]);
  return parseAllDocuments(stdout).map((document) => document.toJS());
}

const ofKind = (kind: string) => objects.filter((object) => valueAt("kind", object) === kind);
const nameOf = (object: unknown) => String(valueAt("metadata.name", object));
const podMakers = () => [...ofKind("Deployment"), ...ofKind("Job")];

test("has the version whose kinds the tests know", () => {
  assert.equal(version, goFiles["cert-manager"].version);
  assert.equal(version, goFiles["cert-manager-chart"].version);
});

test("schedules all its Pods on the cluster's nodes, with everything that they need", () => {
  assert.deepEqual(podMakers().map(nameOf).sort(), [
    "cert-manager",
    "cert-manager-cainjector",
    "cert-manager-startupapicheck",
    "cert-manager-webhook",
  ]);
  for (const object of podMakers()) {
    const pod = valueAt("spec.template.spec", object);
    assert.deepEqual(valueAt("tolerations", pod), scheduling.tolerations, nameOf(object));
    assert.deepEqual(
      valueAt("nodeSelector", pod),
      { "kubernetes.io/os": "linux", ...scheduling.nodeSelector },
      nameOf(object),
    );
    assert.deepEqual(valuesAt("containers[*].resources.limits", pod), [{ memory: "256Mi" }]);
  }
});

/** https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, without the parts about volumes and the host. */
test("meets the restricted level of its namespace with all its Pods", () => {
  for (const object of podMakers()) {
    const pod = valueAt("spec.template.spec", object);
    assert.equal(valueAt("securityContext.runAsNonRoot", pod), true, nameOf(object));
    assert.equal(valueAt("securityContext.seccompProfile.type", pod), "RuntimeDefault", nameOf(object));
    for (const container of valuesAt("containers[*]", pod)) {
      assert.equal(valueAt("securityContext.allowPrivilegeEscalation", container), false);
      assert.deepEqual(valueAt("securityContext.capabilities.drop", container), ["ALL"]);
    }
  }
});

test("gives the clouds' identity only to the controller", () => {
  const accounts = ofKind("ServiceAccount").filter(
    (object) => valueAt("metadata.annotations", object) !== undefined,
  );
  assert.deepEqual(accounts.filter((it) => JSON.stringify(it).includes("identity")).map(nameOf), [
    certManager.serviceAccount,
  ]);
  const labelled = podMakers().filter(
    (object) => (valueAt("spec.template.metadata.labels", object) as object)["example.com/use" as never],
  );
  assert.deepEqual(labelled.map(nameOf), ["cert-manager"]);
});

test("keeps the chart's defaults without these values", async () => {
  const plain = await rendered(chartValues({}));
  const deployments = plain.filter((object) => valueAt("kind", object) === "Deployment");
  assert.equal(deployments.length, 3);
  for (const object of deployments) {
    assert.equal(valueAt("spec.template.spec.tolerations", object), undefined);
  }
});
