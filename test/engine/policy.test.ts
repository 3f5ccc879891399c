/** The policy pack in the engine, with stacks that break its rules. cloud-lifecycle.test.ts, cluster-lifecycle.test.ts, kubernetes.test.ts and lifecycle.test.ts test that the stacks in stacks/ comply with them. */
import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { execa } from "execa";
import { aws } from "../support/cloud-aws.ts";
import { type CloudStack, cloudStack } from "../support/cloud-stack.ts";
import { projectDirectory, withPolicies } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

const parts = scope({ after });
const docs = await readFile(join(projectDirectory, "docs", "policies.md"), "utf8");

test("can also be started by the language host from its folder", async () => {
  const { path: empty } = parts.use(await tempDir());
  const program = join(projectDirectory, "node_modules", "@pulumi", "pulumi", "cmd", "run-policy-pack");
  const host = execa("node", [program, "127.0.0.1:1", join(projectDirectory, "policy")], {
    cwd: join(projectDirectory, "policy"),
    env: { HOME: empty },
    reject: false,
  });
  const lines: string[] = [];
  for await (const line of host) {
    lines.push(line);
    host.kill();
  }
  assert.match(lines.join("\n"), /^\d+$/, "its port");
});

describe("a stack that breaks rules", { concurrency: 1 }, () => {
  const cloud = aws.newCloud();
  const endpoint = { hostname: "cache.eu-central-1.example.com", port: 8443, tls: { mode: "private" } };
  const open = { access: { clients: "public" }, endpoint };
  const images = { edge: "mirror.example.com/nginx:1.31.6" };
  let stack: CloudStack;

  /** @returns the violations for which the preview is refused */
  async function refused(): Promise<string[]> {
    const { failed, violations } = await stack.run("preview", withPolicies);
    assert.ok(failed);
    const mandatory = violations.filter((it) => it.startsWith("mandatory"));
    return mandatory.map((it) => it.replace(/: [^\n]*\n/, ": ")).sort();
  }

  test("is refused in a preview, with all violations of its resources", async () => {
    stack = parts.use(await cloudStack(aws.file, cloud));
    await stack.configure({ images }, open);
    assert.ok(docs.includes("--policy-pack policy/pack.js"));
    assert.match(docs, /open-ports .*eu-central-1.*opens port 8443 to everyone\n```/s);
    assert.deepEqual(await refused(), [
      "mandatory open-ports eu-central-1: opens port 8443 to everyone",
      "mandatory pinned-images eu-central-1: runs mirror.example.com/nginx:1.31.6: add its digest, `@sha256:…`",
    ]);
  });

  test("is refused in a preview for violations of the whole stack", async () => {
    await stack.configure({}, { name: "eu-south-2" });
    assert.deepEqual(await refused(), [
      "mandatory location registry-cache-aws-eu-central-1: regions[0].endpoint.hostname: cache.eu-central-1.example.com doesn't contain eu-south-2",
      "mandatory location registry-cache-aws-eu-central-1: regions[0].name: the stack's name, aws-eu-central-1, doesn't begin with aws-eu-south-2",
    ]);
  });

  test("isn't created by an up without a preview, as far as it breaks a rule", async () => {
    await stack.configure({ images }, open);
    const { failed } = await stack.run("up", withPolicies);
    assert.ok(failed);
    const made = stack.done().map((it) => it.split(" ")[1]);
    assert.ok(!made.includes("SecurityGroup") && !made.includes("Instance"), made.join());
  });

  test("is allowed where the settings say so, and refused where they are stricter", async () => {
    const { path } = parts.use(await tempDir());
    const settings = join(path, "settings.json");
    const preview = async (content: object) => {
      await writeFile(settings, JSON.stringify(content));
      return stack.run("preview", [...withPolicies, "--policy-pack-config", settings]);
    };
    await stack.configure({}, open);
    const lenient = await preview({
      "open-ports": { enforcementLevel: "mandatory", publicPorts: [8443] },
    });
    assert.ok(!lenient.failed, lenient.violations.join("\n"));
    await stack.configure({});
    const strict = await preview({ budget: { enforcementLevel: "mandatory", monthlyUSD: 10 } });
    assert.ok(strict.failed);
    assert.match(strict.violations.join("\n"), /^mandatory budget .*\nthe stack costs \$\d+\.\d\d a month/m);
    const wrong = await preview({ budget: { enforcementLevel: "mandatory", monthlyUSD: "10" } });
    assert.ok(wrong.failed);
    assert.match(wrong.messages, /budget.*monthlyUSD/);
  });
});
