/** The stack file of another region, made from an existing one. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { type ProjectFiles, readStackFiles, type StackFile } from "../../scripts/fleet/stack-files.ts";
import { type NewRegion, newStackFile } from "../../scripts/regions/add.ts";
import { checkFiles } from "../../scripts/regions/check.ts";
import { nextSteps } from "../../scripts/regions/next-steps.ts";
import { projectDirectory } from "../support/project.ts";

const files = await readStackFiles(projectDirectory, []);

function wanted(change: Partial<NewRegion> = {}): NewRegion {
  return { provider: "aws", region: "eu-north-1", topology: "vm", values: {}, ...change };
}

function textOf(path: string): string {
  return files.stacks.find((one) => one.path === path)?.text ?? assert.fail(path);
}

function differingLines(one: string, other: string): string[] {
  const known = new Set(one.split("\n"));
  return other.split("\n").filter((line) => !known.has(line));
}

/** A project with one stack file. */
function only(file: Partial<StackFile>): ProjectFiles {
  const base = { name: "aws-eu-central-1", path: "stacks/Pulumi.aws-eu-central-1.yaml" };
  return { ...files, stacks: [{ ...base, text: textOf(base.path), ...file }] };
}

suite("newStackFile", () => {
  const hostname = "cache.new.example.org";
  const kinds: readonly NewRegion[] = [
    wanted(),
    wanted({ topology: "cluster", values: { apiAccess: ["192.0.2.1/32"] } }),
    wanted({ provider: "azure", region: "northeurope" }),
    wanted({ provider: "azure", region: "swedencentral", topology: "cluster" }),
    wanted({
      provider: "kubernetes",
      region: "production",
      topology: "cluster",
      values: { "endpoint.hostname": hostname, context: "production" },
    }),
  ];

  for (const kind of kinds) {
    test(`makes a file that a preview accepts, without anything of the old region: ${kind.provider} ${kind.topology}`, async () => {
      const { text, from } = newStackFile(files, kind);
      const stack = `${kind.provider}-${kind.region}`;
      const added = { name: stack, path: `stacks/Pulumi.${stack}.yaml`, text };
      const { problems, stacks } = await checkFiles(
        { ...files, stacks: [...files.stacks, added] },
        [stack],
        "2026-11-27",
      );
      assert.deepEqual([problems, stacks], [[], 1]);
      const old = from.slice(`stacks/Pulumi.${kind.provider}-`.length, -".yaml".length);
      if (kind.provider !== "kubernetes") assert.ok(!text.includes(old), old);
      assert.equal(text.split("\n").length, textOf(from).split("\n").length);
    });
  }

  test("includes what is asked for, and names what is kept", () => {
    const { text, from, kept } = newStackFile(
      files,
      wanted({
        values: {
          "endpoint.zone": "caches.example.org",
          "access.clients": ["192.0.2.0/25", "192.0.2.128/25"],
        },
      }),
    );
    assert.deepEqual(differingLines(textOf(from), text), [
      "    - name: eu-north-1",
      "        hostname: cache.eu-north-1.caches.example.org",
      "        zone: caches.example.org",
      '        clients: ["192.0.2.0/25", "192.0.2.128/25"]',
    ]);
    assert.deepEqual(kept, [
      ["endpoint.hostname", "cache.eu-north-1.caches.example.org"],
      ["endpoint.tls.email", "platform@example.com"],
    ]);
  });

  test("names everything else that is kept, and what only the stacks of other kinds have", () => {
    const kind = wanted({
      provider: "azure",
      region: "northeurope",
      values: { "access.clients": ["192.0.2.0/24"] },
    });
    const aws = textOf("stacks/Pulumi.aws-eu-central-1.yaml").replace(
      "config:\n",
      "config:\n  registry-cache:budget: { monthlyUSD: 9 }\n  registry-cache:workload: {}\n",
    );
    const azure = textOf("stacks/Pulumi.azure-westeurope.yaml").replace(
      "size: auto",
      "size: 900GiB\n      freshnessSeconds: 30",
    );
    const stacks = Object.entries({ "aws-eu-central-1": aws, "azure-westeurope": azure, broken: "[" }).map(
      ([name, text]) => ({ name, path: `stacks/Pulumi.${name}.yaml`, text }),
    );
    const made = newStackFile({ ...files, stacks }, kind);
    assert.deepEqual(made.alsoKept, {
      stack: ["workload"],
      region: ["storage.kind", "storage.size", "freshnessSeconds", "endpoint.tls.mode"],
    });
    assert.deepEqual(made.onlyOthers, ["budget"]);
    const steps = nextSteps("a", "stacks/Pulumi.a.yaml", made, { url: "file:///state", from: "Pulumi.yaml" });
    assert.match(steps, /\nAlso copied, for the whole stack: workload\n/);
    assert.match(steps, /\nAlso copied, for the region: storage\.kind, .*, endpoint\.tls\.mode\n/);
    assert.match(steps, /\nOther stacks also have, and this file doesn't: budget\n/);
  });

  test("takes the file that is asked for, and shows what names its team, installation and receivers", () => {
    const other = textOf("stacks/Pulumi.aws-eu-central-1.yaml").replace(
      "config:\n",
      'config:\n  registry-cache:governance: { tags: { owner: team-b } }\n  registry-cache:monitoring: { labels: { installation: b }, alertmanagers: ["https://alerts.example.com"] }\n',
    );
    const path = "stacks/Pulumi.aws-eu-central-1-team-b.yaml";
    const both = {
      ...files,
      stacks: [...files.stacks, { name: "aws-eu-central-1-team-b", path, text: other }],
    };
    assert.deepEqual(newStackFile(both, wanted()).keptOfStack, []);
    const made = newStackFile(both, wanted({ from: "aws-eu-central-1-team-b" }));
    assert.equal(made.from, path);
    const steps = nextSteps("a", "stacks/Pulumi.a.yaml", made, { url: "file:///state", from: "Pulumi.yaml" });
    assert.match(
      steps,
      /Look at each, .*\n(?: {2}regions.*\n)+ {2}governance\.tags: \{"owner":"team-b"\}\n {2}monitoring\.labels: \{"installation":"b"\}\n {2}monitoring\.alertmanagers: \["https:\/\/alerts\.example\.com"\]\n/,
    );
  });

  test("keeps in the old stack what only one can have: secrets, their key, ids of its region", () => {
    const remoteWrite = "{ url: https://metrics.example.com/push, credentials: metrics-credentials }";
    const before = textOf("stacks/Pulumi.aws-eu-central-1.yaml").replace(
      "config:\n",
      `config:\n  registry-cache:monitoring: { remoteWrite: ${remoteWrite} }\n`,
    );
    const text = before
      .replace(
        "config:\n",
        "encryptionsalt: v1:abc=\nconfig:\n  registry-cache:metrics-credentials:\n    username: me\n    password:\n      secure: v1:def=\n",
      )
      .replace(
        "      # network: {",
        "      network:\n        vpc: vpc-0123456789abcdef0\n        subnet: subnet-0123456789abcdef0\n      # network: {",
      );
    const made = newStackFile(only({ text }), wanted());
    assert.equal(made.text, before.replaceAll("eu-central-1", "eu-north-1"));
    assert.deepEqual(made.secrets, ["registry-cache:metrics-credentials"]);
    assert.match(made.withSecrets, /secure: v1:def=/);
    assert.doesNotMatch(made.withSecrets, /encryptionsalt|vpc-0123456789abcdef0\n/);
  });

  test("asks for a bucket on Kubernetes, omits a role, and names what the other cluster needs", () => {
    const template = {
      name: "kubernetes-example",
      path: "stacks/Pulumi.kubernetes-example.yaml",
      text: textOf("stacks/Pulumi.kubernetes-example.yaml")
        .replace("# kubeconfig:", "kubeconfig:")
        .replace(
          "      storage:\n        kind: disk\n",
          [
            "      namespace: team-cache",
            "      serviceAccount:",
            '        annotations: { eks.amazonaws.com/role-arn: "arn:aws:iam::123456789012:role/old" }',
            "      storage:",
            "        kind: bucket",
            "        s3: { bucket: old-cache, region: eu-central-1 }\n",
          ].join("\n"),
        ),
    };
    const from = only(template);
    const values = { "endpoint.hostname": hostname, context: "production" };
    const kind = wanted({ provider: "kubernetes", region: "production", topology: "cluster", values });
    assert.throws(() => newStackFile(from, kind), {
      message: "--bucket is missing, in the place of the other region's storage.s3.bucket",
    });
    const made = newStackFile(from, { ...kind, values: { ...values, "storage.s3.bucket": "new-cache" } });
    assert.match(made.text, /s3: \{ bucket: new-cache, region: eu-central-1 \}/);
    assert.doesNotMatch(made.text, /old-cache|role\/old/);
    assert.deepEqual(made.leftOut, ["serviceAccount"]);
    assert.deepEqual(made.kept, [
      ["kubeconfig", "/home/me/.kube/example"],
      ["namespace", "team-cache"],
      ["storage.s3.region", "eu-central-1"],
      ["endpoint.tls.name", "letsencrypt"],
      ["access.clients", ["203.0.113.0/24"]],
      ["access.metrics", ["10.0.0.0/8"]],
    ]);
    const steps = nextSteps("a", "stacks/Pulumi.a.yaml", made, { url: "file:///state", from: "Pulumi.yaml" });
    assert.match(steps, /\n {2}regions\[0\]\.serviceAccount\n/);
    assert.match(
      steps,
      /stack init a\n(?:.*config set.*\n)*.*git add stacks\/Pulumi\.a\.yaml.* commit .*\n.* up /,
    );
  });

  test("keeps settings for all regions, whatever is in their names", () => {
    const before = textOf("stacks/Pulumi.aws-eu-central-1.yaml").replace(
      "config:\n",
      "config:\n  registry-cache:monitoring:\n    # Of eu-central-1.\n    remoteWrite: { url: https://eu-central-1.metrics.example.com/push }\n",
    );
    const { text } = newStackFile(only({ text: before }), wanted());
    const renamed = before.replaceAll("eu-central-1", "eu-north-1");
    assert.equal(text, renamed.replace("https://eu-north-1.metrics", "https://eu-central-1.metrics"));
  });

  test("gives a stack in a bucket a key for its secrets, and elsewhere a passphrase", () => {
    const made = newStackFile(files, wanted());
    const init = (url: string, file = made) =>
      nextSteps("a", "stacks/Pulumi.a.yaml", file, { url, from: "Pulumi.yaml" }).match(
        /stack init a(.*)/,
      )?.[1];
    assert.equal(init("s3://states"), " --secrets-provider … # docs/state.md");
    assert.equal(
      init("s3://states", { ...made, secretsProvider: "awskms://a" }),
      " --secrets-provider 'awskms://a'",
    );
    assert.deepEqual([init("file:///state"), init("https://api.pulumi.com")], ["", ""]);
  });

  test("the way out without a file of the kind names the example of that kind", () => {
    for (const [provider, topology] of [
      ["aws", "vm"],
      ["aws", "cluster"],
      ["azure", "vm"],
      ["azure", "cluster"],
      ["kubernetes", "cluster"],
    ] as const) {
      const kind = wanted({ provider, topology });
      let path = "";
      assert.throws(
        () => newStackFile({ ...files, stacks: [] }, kind),
        ({ message }: Error) => {
          path = message.match(/stacks\/Pulumi\.[\w-]+\.yaml/)?.[0] ?? "";
          return true;
        },
      );
      const example = files.stacks.find((one) => one.path === path) ?? assert.fail(`${provider}: ${path}`);
      const values = { "endpoint.hostname": "cache.example.net", context: "x" };
      const made = newStackFile(
        { ...files, stacks: [example] },
        { ...kind, values: provider === "kubernetes" ? values : {} },
      );
      assert.equal(made.from, path);
    }
  });

  const refused: Record<string, [ProjectFiles, NewRegion, RegExp]> = {
    "a kind of which there is no file": [
      only({}),
      wanted({ topology: "cluster" }),
      /^stacks\/ has no file with one region of the kind "aws cluster" to begin with: it has aws vm\. Bring this project's example back, until the new file is written: `git show project\/main:stacks\/Pulumi\.aws-us-east-1\.yaml > stacks\/Pulumi\.example-aws-cluster\.yaml` \(docs\/upgrading\.md/,
    ],
    "a kind of which the only file is wrong": [
      only({ text: textOf("stacks/Pulumi.aws-eu-central-1.yaml").replace("zone: example.com", "zone: 3") }),
      wanted(),
      /it has none, and these, which can't be read: aws-eu-central-1\n✗ stacks\/Pulumi\.aws-eu-central-1\.yaml: regions\[0\]\.endpoint\.zone: /,
    ],
    "a host name that says nothing of its region": [
      only({
        text: textOf("stacks/Pulumi.aws-eu-central-1.yaml").replace(
          "hostname: cache.eu-central-1.",
          "hostname: cache.",
        ),
      }),
      wanted(),
      /^--hostname is missing: cache\.example\.com is that of another region$/,
    ],
    "a host name that is that of a file for the same region": [
      only({}),
      wanted({ region: "eu-central-1" }),
      /^--hostname is missing: cache\.eu-central-1\.example\.com is that of another region$/,
    ],
    "a model of another kind": [
      files,
      wanted({ from: "aws-us-east-1" }),
      /^--from: aws-us-east-1 isn't a stack with exactly one region of the kind "aws vm": these are aws-eu-central-1$/,
    ],
    "a value that the kind doesn't have": [
      files,
      wanted({ values: { "endpoint.zoneResourceGroup": "dns" } }),
      /^endpoint\.zoneResourceGroup has no place in the new file/,
    ],
  };
  for (const [what, [from, region, message]] of Object.entries(refused)) {
    test(`refuses ${what}`, () => {
      assert.throws(() => newStackFile(from, region), { name: "RangeError", message });
    });
  }
});
