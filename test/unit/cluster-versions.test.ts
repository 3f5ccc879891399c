/** The Kubernetes versions that a cluster can have, and how long they are supported. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { versionFindings } from "../../components/hosts/kubernetes-cluster/preflight.ts";
import { services } from "../../components/hosts/kubernetes-cluster/services.ts";

const messages = (list: readonly { path: string; message: string }[]) =>
  list.map(({ path, message }) => `${path}: ${message}`);

test("says nothing about a version with long support, after any step to it", () => {
  for (const cloud of ["aws", "azure"] as const) {
    for (const previousVersion of [undefined, "1.35.9", "1.36"]) {
      assert.deepEqual(
        versionFindings(services[cloud], { version: "1.36", today: "2026-11-24", previousVersion }),
        {
          problems: [],
          warnings: [],
        },
      );
    }
  }
});

test("warns from sixty days before the end of support on, and accepts the version on the last day", () => {
  const on = (today: string) => versionFindings(services.aws, { version: "1.35", today });
  assert.deepEqual(on("2027-01-25").warnings, []);
  for (const today of ["2027-01-26", "2027-03-27"]) {
    const { problems, warnings } = on(today);
    assert.deepEqual(problems, []);
    assert.deepEqual(messages(warnings), [
      "version: EKS's support of Kubernetes 1.35 ends on 2027-03-27: set a later one, docs/kubernetes.md says how",
    ]);
  }
});

test("refuses a new cluster after the end of support, and warns about an existing one", () => {
  const request = { version: "1.34", today: "2026-12-01" };
  const { problems, warnings } = versionFindings(services.azure, request);
  assert.deepEqual(messages(problems), [
    "version: AKS's support of Kubernetes 1.34 ended on 2026-11-30: set a later one",
  ]);
  assert.deepEqual(warnings, []);
  for (const previousVersion of ["1.33", "1.34.9"]) {
    const findings = versionFindings(services.azure, { ...request, previousVersion });
    assert.deepEqual(findings.problems, []);
    assert.deepEqual(messages(findings.warnings), [
      "version: AKS's support of Kubernetes 1.34 ended on 2026-11-30: set a later one, docs/kubernetes.md says how",
    ]);
  }
});

test("leaves an unknown version to the cloud, with a warning that names the supported ones", () => {
  const { problems, warnings } = versionFindings(services.aws, { version: "1.37", today: "2026-11-24" });
  assert.deepEqual(problems, []);
  assert.deepEqual(messages(warnings), [
    "version: whether EKS supports Kubernetes 1.37, and until when, isn't known here: EKS refuses it if not. Known are 1.34, 1.35, 1.36",
  ]);
  const step = { version: "1.38", today: "2026-11-24", previousVersion: "1.36" };
  assert.match(messages(versionFindings(services.aws, step).problems).join(), /one minor version at a time/);
});

test("refuses an earlier version, and a step over two versions", () => {
  const from = (previousVersion: string, version: string) =>
    messages(versionFindings(services.azure, { version, today: "2026-11-24", previousVersion }).problems);
  assert.deepEqual(from("1.36.2", "1.35"), ["version: the cluster has 1.36, and can't go back to 1.35"]);
  assert.deepEqual(from("1.34", "1.36"), [
    "version: the cluster has 1.34, and goes up by one minor version at a time: set 1.35 first",
  ]);
});

test("says in the stack files when the support of their version ends", async () => {
  const said = /(?<name>[EA]KS) supports (?<version>1\.\d+) until (?<end>[\d-]+)\./;
  for (const [cloud, file] of [
    ["aws", "Pulumi.aws-us-east-1.yaml"],
    ["azure", "Pulumi.azure-germanywestcentral.yaml"],
  ] as const) {
    const text = await readFile(new URL(`../../stacks/${file}`, import.meta.url), "utf8");
    const { name, version = "", end } = said.exec(text)?.groups ?? {};
    assert.deepEqual([name, end], [services[cloud].name, services[cloud].supportEnds[version]], file);
    assert.ok(text.includes(`version: "${version}"`), file);
  }
});
