/** The objects that GitOps controllers build from the rendered files, by the controllers' own programs: kustomize, and Helm with the chart. No cluster is involved. */
import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { before, describe, test } from "node:test";
import { execa } from "execa";
import { parse, parseAllDocuments } from "yaml";
import type { Manifest } from "../../components/hosts/kubernetes/manifests.ts";
import { secretReferences } from "../../components/hosts/kubernetes/secret-references.ts";
import { originCredentials } from "../../components/pod/origin.ts";
import { remoteWriteSecret } from "../../components/pod/prometheus.ts";
import { chartValues, kustomizations, type Rendered } from "../../scripts/render/files.ts";
import { type RenderedRegion, rendered } from "../../scripts/render/stack.ts";
import { ensureTool } from "../setup/go-tools.ts";
import {
  type KubernetesCase,
  kubernetesCases,
  kubernetesRegionPlan,
  networkPoliciesOf,
} from "../support/kubernetes-regions.ts";
import { projectDirectory } from "../support/project.ts";
import { type TempDir, tempDir } from "../support/scope.ts";

const chart = join(projectDirectory, "charts", "registry-cache");
const secretStore = { kind: "ClusterSecretStore", name: "vault", prefix: "caches/" } as const;
let helm: string;
let kustomize: string;

before(async () => {
  [helm, kustomize] = await Promise.all([ensureTool("helm"), ensureTool("kustomize")]);
});

function region(name: KubernetesCase, change: Readonly<Record<string, unknown>> = {}): RenderedRegion {
  const options = { networkPolicies: networkPoliciesOf(name), secretStore };
  return rendered(kubernetesRegionPlan(name, change), options);
}

async function written({ files }: Rendered): Promise<TempDir> {
  const directory = await tempDir();
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(directory.path, path)), { recursive: true });
    await writeFile(join(directory.path, path), text);
  }
  return directory;
}

/** The objects that a program prints, sorted. */
async function printed(program: string, ...args: string[]): Promise<Manifest[]> {
  const { stdout } = await execa(program, args);
  return sorted(parseAllDocuments(stdout, { version: "1.1" }).map((document) => document.toJS()));
}

const key = ({ kind, metadata }: Manifest) => `${kind} ${metadata?.name}`;
const sorted = (objects: readonly Manifest[]) =>
  // As the programs read them, without undefined values.
  structuredClone(JSON.parse(JSON.stringify(objects)) as Manifest[]).sort((one, other) =>
    key(one).localeCompare(key(other)),
  );

/** Texts that a YAML parser in Go would read as another type without quotes. */
const tricky = {
  "example.com/on": "on",
  "example.com/octal": "0755",
  "example.com/float": "1e3",
  "example.com/time": "12:30",
};

for (const name of kubernetesCases) {
  test(`builds the same objects with kustomize and Helm: ${name}`, async () => {
    const one = region(name, { serviceAccount: { annotations: tricky } });
    const expected = sorted(Object.values(one.objects));
    await using files = await written(kustomizations([one]));
    assert.deepEqual(await printed(kustomize, "build", join(files.path, "frankfurt")), expected);

    await using values = await written(chartValues([one]));
    const file = join(values.path, "frankfurt.yaml");
    const { stdout: linted } = await execa(helm, ["lint", "--strict", "--quiet", chart, "--values", file]);
    assert.equal(linted, "");
    assert.deepEqual(await printed(helm, "template", "any", chart, "--values", file), expected);
  });
}

describe("the chart", () => {
  const template = async (change: string, ...args: string[]) => {
    await using values = await written(chartValues([region("volumes")]));
    await writeFile(join(values.path, "change.yaml"), change);
    const files = ["frankfurt", "change"].flatMap((it) => ["--values", join(values.path, `${it}.yaml`)]);
    return await printed(helm, "template", "any", chart, ...files, ...args);
  };
  const ofKind = (objects: readonly Manifest[], kind: string) => objects.filter((it) => it.kind === kind);

  test("accepts a change of single fields, omits null values, and keeps large numbers", async () => {
    const objects = await template(
      `objects:
        networkpolicy: null
        statefulset: { spec: { replicas: 3, template: { spec: { securityContext: { fsGroup: 1000650000 } } } } }`,
    );
    assert.deepEqual(ofKind(objects, "NetworkPolicy"), []);
    const [{ spec }] = ofKind(objects, "StatefulSet") as unknown as [{ spec: Record<string, never> }];
    assert.equal(spec.replicas, 3);
    assert.match(JSON.stringify(spec.template), /"fsGroup":1000650000\b.*"runAsNonRoot":true/);
  });

  test("creates the namespace, unless it is the release's own", async () => {
    assert.equal(ofKind(await template(""), "Namespace").length, 1);
    assert.equal(ofKind(await template("", "--namespace", "registry-cache"), "Namespace").length, 0);
  });

  test("refuses anything that isn't an object of a region", async () => {
    await assert.rejects(
      template("replicas: 3\nobjects: { deploymnt: { spec: { replicas: 3 } } }"),
      /(?=.*'replicas' not allowed)(?=.*\/objects\/deploymnt': missing properties)/s,
    );
    await assert.rejects(execa(helm, ["template", chart]), /at '\/objects': minProperties/);
  });
});

/** external-secrets has the functions of Helm: https://external-secrets.io/latest/guides/templating/#helper-functions */
test("renders the store's values by external-secrets into the files that the containers read", async () => {
  const user = { username: 'a "b" \\', password: "{{ .x }}\n<&>" };
  const token = { token: 'x"y' };
  const rendered = async (text: string, data: object): Promise<string> => {
    await using directory = await tempDir();
    const file = (name: string) => join(directory.path, name);
    await mkdir(file("templates"));
    await writeFile(file("Chart.yaml"), "{ apiVersion: v2, name: any, version: 1.0.0 }");
    await writeFile(file("templates/text.yaml"), `text: {{ tpl .Values.text .Values.data | quote }}`);
    // Helm's tpl reads a chart's variables only from `.Values`, so the data is its context.
    await writeFile(file("values.yaml"), JSON.stringify({ text, data: { Template: {}, ...data } }));
    const [document] = await printed(helm, "template", "any", directory.path);
    return String((document as { text?: string }).text);
  };
  const references = secretReferences(kubernetesRegionPlan("own-server"));
  const texts = Object.fromEntries(references.map(({ name, templates }) => [name, templates]));
  const sameYaml = (one: string, other: string) => assert.deepEqual(parse(one), parse(other));
  const upstream = texts["registry-cache-credentials-gsoci"]?.get ?? "";
  sameYaml(await rendered(upstream, user), originCredentials(user));
  const metrics = texts["registry-cache-remote-write"]?.get ?? "";
  sameYaml(await rendered(metrics, user), remoteWriteSecret(user));
  sameYaml(await rendered(metrics, token), remoteWriteSecret(token));
  const store = texts["registry-cache-bucket"] ?? {};
  assert.equal(await rendered(store.accessKey ?? "", { username: "AKIA" }), "AKIA");
  assert.equal(await rendered(store.secretKey ?? "", { password: "a/b+c" }), "a/b+c");
});
