/** What `npm run regions -- check` finds in stack files. */
import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { readStackFiles } from "../../scripts/fleet/stack-files.ts";
import { checkFiles } from "../../scripts/regions/check.ts";
import { projectDirectory } from "../support/project.ts";

const files = await readStackFiles(projectDirectory, []);

function textOf(stack: string): string {
  return files.stacks.find(({ name }) => name === stack)?.text ?? assert.fail(stack);
}

/** @param texts of the files, by stack */
function check(texts: Readonly<Record<string, string>>, wanted: readonly string[] = []) {
  const stacks = Object.entries(texts).map(([name, text]) => ({
    name,
    path: `stacks/Pulumi.${name}.yaml`,
    text,
  }));
  return checkFiles({ ...files, stacks }, wanted, "2026-11-27");
}

suite("checkFiles", () => {
  const aws = textOf("aws-eu-central-1");

  test("accepts the project's own files", async () => {
    const { problems, warnings, stacks, regions } = await checkFiles(files, [], "2026-11-27");
    const { length } = files.stacks;
    assert.ok(length >= 6, "the project's own files are read");
    assert.deepEqual([problems, warnings, stacks, regions], [[], [], length, length]);
  });

  test("reports all problems of all files at once, of the schema and of the plan", async () => {
    const { problems, note } = await check({
      "aws-eu-central-1": aws.replace("zone: example.com", "zone: 3"),
      "aws-eu-north-1": aws.replaceAll("eu-central-1", "eu-nroth-1"),
      "azure-westeurope": textOf("azure-westeurope").replace(
        "      storage:",
        "      machine: { type: Standard_D4ps_v6, architecture: amd64 }\n      storage:",
      ),
      broken: "config: [",
    });
    const of = (stack: string) =>
      problems
        .filter(({ path }) => path.startsWith(`stacks/Pulumi.${stack}.yaml: `))
        .map(({ path, message }) => `${path.split(": ")[1]}: ${message}`);
    assert.match(of("aws-eu-central-1").join("\n"), /^regions\[0\]\.endpoint\.zone: /);
    assert.match(of("aws-eu-north-1").join("\n"), /^regions\[0\]\.name: .*did you mean "eu-north-1"\?/m);
    assert.match(of("azure-westeurope").join("\n"), /^regions\[0\]\.machine/m);
    assert.ok(of("broken").length > 0);
    assert.match(note ?? "", /^More may follow: /);
  });

  test("refuses keys that choose an account for other resources, unless the file names the caches' own", async () => {
    const withKeys = (text: string, ...keys: readonly string[]) =>
      text.replace("\nconfig:\n", `\nconfig:\n${keys.map((key) => `  ${key}\n`).join("")}`);
    const azure = textOf("azure-westeurope");
    const inAws = withKeys(
      aws,
      "aws:region: eu-central-1",
      "aws:profile: prod",
      "aws:config:assumeRoles: []",
    );
    const inAzure = withKeys(azure, "azure-native:location: westeurope", "azure-native:tenantId: x");
    const subscription = "subscription: 11111111-2222-4333-8444-555555555555";
    const accounts = 'registry-cache:governance: { allowedAccountIds: ["111122223333"] }';
    const { problems } = await check({ "aws-eu-central-1": inAws, "azure-westeurope": inAzure });
    assert.deepEqual(
      problems.map(({ path }) => path),
      [
        "stacks/Pulumi.aws-eu-central-1.yaml: aws:profile",
        "stacks/Pulumi.aws-eu-central-1.yaml: aws:config:assumeRoles",
        "stacks/Pulumi.azure-westeurope.yaml: azure-native:tenantId",
      ],
    );
    const fixed = await check({
      "aws-eu-central-1": withKeys(inAws, accounts),
      "azure-westeurope": inAzure.replace("topology: vm", `topology: vm\n      ${subscription}`),
    });
    assert.deepEqual(fixed.problems, []);
    const project = withKeys(files.project, "aws:profile: prod");
    const both = { ...files, project, stacks: files.stacks.filter(({ name }) => name.startsWith("aws-")) };
    assert.deepEqual(
      (await checkFiles(both, [], "2026-11-27")).problems.map(({ path }) => path),
      ["Pulumi.yaml: aws:profile"],
    );
  });

  test("refuses a region that doesn't exist, without messages about its prices", async () => {
    const text = aws
      .replaceAll("eu-central-1", "eu-nort-1")
      .replace(
        "registry-cache:version: 2",
        "registry-cache:workload: { nodes: 300, pullsPerNodeGiB: 3, workingSetGiB: 150 }\n  registry-cache:budget: { monthlyUSD: 5000, over: warn }",
      );
    const { problems, warnings } = await check({ "aws-eu-nort-1": text });
    assert.match(
      problems.map(({ message }) => message).join("\n"),
      /^"eu-nort-1" is not a region .* "eu-north-1"\?$/,
    );
    assert.deepEqual(warnings, []);
    const { problems: none, warnings: ofVersion1 } = await check({
      "aws-eu-north-1": text.replaceAll("eu-nort-1", "eu-north-1"),
    });
    assert.deepEqual(none, []);
    assert.match(ofVersion1.map(({ path }) => path).join(" "), /workload\.peakMinutes( |$)/);
  });

  test("warns of a misspelled namespace, also where a file or Pulumi.yaml has other problems", async () => {
    const typo = aws.replace("registry-cache:version: 2", "registry-cahce:version: 2");
    const project = `${files.project}  registry_cache:budget: { value: {} }\n`;
    const path = "stacks/Pulumi.aws-eu-central-1.yaml";
    const stacks = [{ name: "aws-eu-central-1", path, text: typo.replace("name: eu-central-1", "name: 3") }];
    const { warnings } = await checkFiles({ ...files, project, stacks }, [], "2026-11-27");
    assert.deepEqual(
      warnings.map(({ path, message }) => `${path}: ${message}`),
      [
        "Pulumi.yaml: registry_cache:budget: nothing reads this key: did you mean `registry-cache:budget`?",
        `${path}: registry-cahce:version: nothing reads this key: did you mean \`registry-cache:version\`?`,
      ],
    );
    const [{ message = "" } = {}] = (await check({ "aws-eu-central-1": "config: { a: *nowhere }\n" }))
      .problems;
    assert.match(message, /Unresolved alias/);
  });

  test("warns of a stack's monitoring that drops parts of Pulumi.yaml's", async () => {
    const project = `${files.project}        thresholds: { downMinutes: 3 }\n      alertmanagers: ["https://alerts.example.com"]\n`;
    const path = "stacks/Pulumi.aws-eu-central-1.yaml";
    const dropped = async (monitoring: string) => {
      const text = aws.replace("\nconfig:\n", `\nconfig:\n  registry-cache:monitoring: ${monitoring}\n`);
      const stacks = [{ name: "aws-eu-central-1", path, text }];
      const { problems, warnings } = await checkFiles({ ...files, project, stacks }, [], "2026-11-27");
      assert.deepEqual(problems, []);
      assert.ok(warnings.every((one) => one.path === `${path}: monitoring`));
      return warnings.map(({ message }) => message.split(":")[0]);
    };
    const all = "labels: { installation: golem, pipeline: stable }, alertmanagers: []";
    assert.deepEqual(await dropped("{ labels: { installation: golem } }"), [
      "replaces that of Pulumi.yaml, without its labels.pipeline, alerts, alertmanagers",
    ]);
    assert.deepEqual(await dropped(`{ ${all}, alerts: { labels: { area: platform, team: caches } } }`), [
      "replaces that of Pulumi.yaml, without its alerts.runbookUrl, alerts.thresholds",
    ]);
    const alerts = `labels: { area: platform, team: caches }, runbookUrl: "https://x.example.com/{alert}", thresholds: { downMinutes: 9 }`;
    assert.deepEqual(await dropped(`{ ${all}, alerts: { ${alerts} } }`), []);
  });

  test("reports that there is no file", async () => {
    const { problems } = await check({});
    assert.deepEqual(problems, [{ path: "stacks", message: "there is no file Pulumi.<stack>.yaml" }]);
  });

  test("reports a spent budget, and what is only unusual", async () => {
    const budget = aws.replace(
      "# registry-cache:budget: { monthlyUSD: 150, over: warn }",
      "registry-cache:budget: { monthlyUSD: 1, over: fail }",
    );
    const odd = aws.replace('clients: ["203.0.113.0/24"]', 'clients: ["10.0.0.0/8"]');
    const { problems } = await check({ "aws-eu-central-1": budget });
    assert.match(problems[0]?.path ?? "", /^stacks\/Pulumi\.aws-eu-central-1\.yaml: budget/);
    const { problems: none, warnings } = await check({ "aws-eu-central-1": odd });
    assert.deepEqual(none, []);
    assert.match(
      warnings[0]?.path ?? "",
      /^stacks\/Pulumi\.aws-eu-central-1\.yaml: regions\[0\]\.access\.clients$/,
    );
  });

  test("reports a size that doesn't suit the workload, for any host", async () => {
    const size = [/size: auto/, "size: 200GiB", "storage.size"] as const;
    const scratch = ["kind: bucket", "kind: bucket\n        scratch: 8GiB", "storage.scratch"] as const;
    const changes = {
      "kubernetes-example": [/# size: auto/, "size: 200GiB", "storage.size"],
      "aws-eu-central-1": size,
      "azure-westeurope": size,
      "aws-us-east-1": scratch,
      "azure-germanywestcentral": scratch,
    } as const;
    for (const [stack, [from, to, key]] of Object.entries(changes)) {
      const { problems, warnings } = await check({ [stack]: textOf(stack).replace(from, to) });
      const paths = warnings.map(({ path }) => path);
      assert.deepEqual([problems, paths], [[], [`stacks/Pulumi.${stack}.yaml: regions[0].${key}`]]);
    }
  });

  test("reports the second of two stacks with the same host name", async () => {
    const hostname = "eu-central-1.eu-north-1.example.com";
    const first = aws.replace("cache.eu-central-1.example.com", hostname);
    const second = first.replace("name: eu-central-1", "name: eu-north-1");
    const texts = { "aws-eu-central-1": first, "aws-eu-north-1": second };
    const expected = {
      path: "stacks/Pulumi.aws-eu-north-1.yaml: regions[0].endpoint.hostname",
      message: `${hostname} is also that of stacks/Pulumi.aws-eu-central-1.yaml: regions[0].endpoint`,
    };
    assert.deepEqual((await check(texts)).problems, [expected]);
    assert.deepEqual((await check(texts, ["aws-eu-north-1"])).problems, [expected]);
    assert.deepEqual((await check(texts, ["aws-eu-central-1"])).problems, []);
  });

  test("reports the second of two stacks in one namespace of a cluster, and with one bucket", async () => {
    const one = textOf("kubernetes-example").replace(
      "      storage:\n        kind: disk\n",
      "      storage:\n        kind: bucket\n        s3: { bucket: blobs, region: eu-central-1 }\n",
    );
    const stack = (name: string, change: (text: string) => string = (text) => text) => ({
      [`kubernetes-${name}`]: change(
        one.replace("name: example", `name: ${name}`).replace("cache.example", `cache.${name}`),
      ),
    });
    const told = async (other: Record<string, string>, wanted?: string[], first = stack("one")) => {
      const { problems, warnings } = await check({ ...first, ...other }, wanted);
      return [
        ...problems.map(({ path, message }) => `${path}: ${message}`),
        ...warnings.flatMap(({ path, message }) =>
          path.endsWith(".namespace") ? `warning: ${path}: ${message}` : [],
        ),
      ];
    };
    const at = "stacks/Pulumi.kubernetes-two.yaml: regions[0]";
    const owner = "is that of stacks/Pulumi.kubernetes-one.yaml: regions[0]";
    assert.deepEqual(await told(stack("two")), [
      `${at}.storage.s3.bucket: ${owner}: each region needs one of its own`,
      `warning: ${at}.namespace: ${owner}, if both contexts lead to the same cluster: each region needs one of its own`,
    ]);
    const byFile = (text: string) =>
      text
        .replace("      storage:", "      kubeconfig: /etc/kubeconfig\n      storage:")
        .replace("bucket: blobs", "bucket: others");
    assert.deepEqual(await told(stack("two", byFile), [], stack("one", byFile)), [
      `${at}.namespace: ${owner}, in the same cluster: each region needs one of its own`,
      `${at}.storage.s3.bucket: ${owner}: each region needs one of its own`,
    ]);
    assert.deepEqual(await told(stack("two"), ["kubernetes-one"]), []);
    const apart = (text: string) =>
      text
        .replace("bucket: blobs", "bucket: others")
        .replace("      storage:", "      namespace: two\n      storage:");
    assert.deepEqual(await told(stack("two", apart)), []);
  });

  test("accepts a public and a private cache with one host name in different zones, as in docs/private-networks.md", async () => {
    const endpoint = "        hostname: cache.eu-central-1.example.com\n";
    assert.ok(aws.includes(endpoint));
    const second = aws
      .replace(endpoint, `${endpoint}        exposure: private\n`)
      .replace('clients: ["203.0.113.0/24"]', 'clients: ["10.0.0.0/8"]');
    const network = "network: { vpc: vpc-0123456789abcdef0, subnet: subnet-0123456789abcdef0 }";
    const inNetwork = second.replace("      storage:", `      ${network}\n      storage:`);
    const texts = { "aws-eu-central-1": aws, "aws-eu-central-1-private": inNetwork };
    assert.deepEqual((await check(texts)).problems, []);
  });

  test("reports a public and a private cache in Azure with one host name if both have `acme`", async () => {
    const first = textOf("azure-westeurope");
    const second = (mode: string) =>
      first
        .replace("hostname: cache", "exposure: private\n        hostname: cache")
        .replace('clients: ["203.0.113.0/24"]', 'clients: ["10.0.0.0/8"]')
        .replace(
          "mode: acme, email: platform@example.com",
          mode === "acme"
            ? "mode: acme, email: platform@example.com, challengeZone: example.com, challengeZoneResourceGroup: dns"
            : `mode: ${mode}`,
        );
    const problemsOf = async (text: string) =>
      (await check({ "azure-westeurope": first, "azure-westeurope-private": text })).problems;
    assert.deepEqual(await problemsOf(second("private")), []);
    assert.deepEqual(await problemsOf(second("acme")), [
      {
        path: "stacks/Pulumi.azure-westeurope-private.yaml: regions[0].endpoint.hostname",
        message:
          "cache.westeurope.example.com is also that of stacks/Pulumi.azure-westeurope.yaml: regions[0].endpoint, and in Azure only one cache of a name can have `tls: { mode: acme }`: set another mode",
      },
    ]);
  });

  test("reports two stacks whose caches have the same labels, which a central Prometheus couldn't tell apart", async () => {
    const other = aws.replace("cache.eu-central-1.example.com", "private.eu-central-1.example.com");
    const texts = (second: string) => ({ "aws-eu-central-1": aws, "aws-eu-central-1-private": second });
    const { problems, warnings } = await check(texts(other));
    assert.deepEqual(problems, []);
    assert.deepEqual(warnings, [
      {
        path: "stacks/Pulumi.aws-eu-central-1-private.yaml: regions[0]",
        message:
          "its series and alerts have the same labels as those of stacks/Pulumi.aws-eu-central-1.yaml: regions[0]: installation=registry-cache, pipeline=stable, provider=aws, region=eu-central-1, topology=vm. " +
          "A central Prometheus or Alertmanager takes both caches for one: give one of the stacks a label of its own in monitoring.labels",
      },
    ]);
    assert.deepEqual((await check(texts(other), ["aws-eu-central-1"])).warnings, []);
    assert.equal((await check(texts(other), ["aws-eu-central-1-private"])).warnings.length, 1);
    const labels =
      "registry-cache:monitoring: { labels: { exposure: private } }\n  registry-cache:provider: aws";
    const labelled = other.replace("registry-cache:provider: aws", labels);
    const { warnings: left } = await check(texts(labelled));
    assert.deepEqual(
      left.map(({ path }) => path),
      ["stacks/Pulumi.aws-eu-central-1-private.yaml: monitoring"],
    );
  });

  test("reports violations of the policies as a problem or a warning, as the policies say", async () => {
    const { problems, warnings } = await check({
      "aws-eu-north-1": aws
        .replace(
          "registry-cache:provider: aws",
          "registry-cache:provider: aws\n  registry-cache:images: { edge: docker.io/nginx:1 }",
        )
        .replace("# registry-cache:workload:\n", "registry-cache:workload: { nodes: 90000 }\n"),
    });
    const texts = (those: typeof problems) =>
      those.map(({ path, message }) => `${path}: ${message}`).join("\n");
    assert.match(texts(problems), /yaml: images\.edge: docker\.io\/nginx:1 has no digest/);
    assert.match(
      texts(problems),
      /yaml: regions\[0\]\.name: the stack's name, aws-eu-north-1, doesn't begin with aws-eu-central-1/,
    );
    assert.match(texts(warnings), /yaml: regions: the stack (?:costs|may cost) .*more than \$2,500\.00/);
  });

  test("checks only the named stacks", async () => {
    const { problems, stacks } = await check({ "aws-eu-central-1": aws, broken: "config: [" }, [
      "aws-eu-central-1",
    ]);
    assert.deepEqual([problems, stacks], [[], 1]);
    const { problems: unknown } = await check({ "aws-eu-central-1": aws }, ["aws-eu-centrall-1"]);
    assert.deepEqual(unknown, [
      {
        path: "stacks/Pulumi.aws-eu-centrall-1.yaml",
        message: 'there is no such file: did you mean "aws-eu-central-1"?',
      },
    ]);
  });

  test("doesn't deny files in a directory that can't be read", async () => {
    const problems = [{ path: "elsewhere", message: "can't be read: ENOENT" }];
    const unread = { project: "", stacks: [], unread: [], problems };
    const checked = await checkFiles(unread, ["aws-eu-central-1"], "2026-11-27");
    assert.deepEqual(checked.problems, problems);
  });
});
