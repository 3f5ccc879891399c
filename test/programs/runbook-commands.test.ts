/** The runbooks' commands for one's own computer, with doubles of the clouds' programs, which refuse what those refuse. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, type TestContext, test } from "node:test";
import { execa } from "execa";
import { alertNames } from "../../components/config/alerts.ts";
import { type FakePrograms, fakePrograms } from "../support/fake-programs.ts";
import { assertSound, onCallPrograms } from "../support/on-call-programs.ts";
import { RunbookRuns, type Shell } from "../support/runbook-runs.ts";
import { blocksOf, commandsIn, runbook } from "../support/runbooks.ts";
import { scope } from "../support/scope.ts";
import { waitUntil } from "../support/wait.ts";

const runs = new RunbookRuns(import.meta.filename);
after(() => runs.assertComplete(alertNames));

function shell({ env, directory }: FakePrograms): Shell {
  return async (script) => {
    const { exitCode = 1, all: output } = await execa("bash", ["-c", script], {
      env: { ...env, HOME: directory },
      cwd: directory,
      all: true,
      reject: false,
    });
    return { exitCode, output };
  };
}

/** The calls of programs, each as one text, after a check that they are sound. */
async function soundCalls(programs: FakePrograms): Promise<string[]> {
  const calls = await programs.calls();
  for (const call of calls) assertSound(call);
  return calls.map((call) => call.join(" "));
}

describe("each block for one's own computer works alone", () => {
  for (const name of alertNames) {
    for (const place of ["aws", "azure", "stack"] as const) {
      const sections = ["See", "Do", "Verify"] as const;
      for (const section of sections.filter((section) => blocksOf(name, section, place).length > 0)) {
        test(`${name}, ${section}, ${place}`, async () => {
          await using programs = await onCallPrograms();
          await runs.run(name, section, place, shell(programs));
          assert.notDeepEqual(await soundCalls(programs), []);
        });
      }
    }
  }
});

describe("RegistryCacheDown", () => {
  async function done(place: "aws" | "azure" | "stack", matching: RegExp, values = {}) {
    await using programs = await onCallPrograms();
    const section = blocksOf("RegistryCacheDown", "See", place).some(({ text }) => matching.test(text))
      ? "See"
      : "Do";
    const printed = await runs.run("RegistryCacheDown", section, place, shell(programs), {
      matching,
      values,
    });
    return { printed, calls: await soundCalls(programs) };
  }

  test("asks the clouds about the machine", async () => {
    const { printed } = await done("aws", /get-console-output/);
    assert.match(printed, /impaired/);
    assert.match(printed, /Kernel panic/);
    const azure = await done("azure", /get-boot-log/);
    assert.match(azure.printed, /VM running/);
  });

  test("removes the DNS record by hand", async () => {
    const hostname = "cache.eu-central-1.example.com.";
    const { printed } = await done("aws", /aws route53/);
    assert.match(printed, new RegExp(`"Deleted":\\["A ${hostname}","AAAA ${hostname}"\\]`));
    const where =
      "--subscription 11111111-2222-4333-8444-555555555555 --resource-group dns --zone-name example.com";
    for (const values of [
      { KIND: "dns", TYPE: "a" },
      { KIND: "dns", TYPE: "cname" },
      { KIND: "private-dns", TYPE: "a" },
    ]) {
      const { calls } = await done("azure", /az network/, values);
      assert.deepEqual(calls, [
        `az network ${values.KIND} record-set ${values.TYPE} show ${where} --name cache.westeurope`,
        `az network ${values.KIND} record-set ${values.TYPE} delete ${where} --name cache.westeurope --yes`,
        `az network ${values.KIND} record-set list ${where} --query [?name=='cache.westeurope'].{name: name, type: type} --output table`,
      ]);
    }
  });

  test("connects without the state", async () => {
    const { printed } = await done("aws", /start-session/);
    assert.match(printed, /Starting session with i-0123456789abcdef0/);
    const { calls } = await done("azure", /run-command/);
    assert.match(calls.join("\n"), /^az vm run-command invoke .* --scripts registry-cache status --query/);
  });

  test("restarts, starts and moves the machine", async () => {
    for (const ACTION of ["reboot-instances", "start-instances"]) {
      const { calls } = await done("aws", /"\$ACTION"/, { ACTION });
      assert.equal(
        calls.at(-1),
        `aws ec2 ${ACTION} --region eu-central-1 --instance-ids i-0123456789abcdef0`,
      );
    }
    for (const ACTION of ["restart", "start", "redeploy"]) {
      const { calls } = await done("azure", /"\$ACTION"/, { ACTION });
      const machine =
        "--subscription 11111111-2222-4333-8444-555555555555 --resource-group registry-cache-westeurope --name registry-cache-westeurope";
      assert.deepEqual(calls, [`az vm ${ACTION} ${machine}`]);
    }
  });

  test("names the values that its blocks take", () => {
    const text = runbook("RegistryCacheDown").codes;
    for (const value of [
      ...["ACTION=start-instances", "ACTION=start", "ACTION=redeploy"],
      ...["KIND=private-dns", "TYPE=cname"],
    ]) {
      assert.ok(text.includes(value), value);
    }
  });

  test("takes the cache out of DNS and back with one command", async () => {
    const { calls } = await done("stack", / bypass$/m, { STACK: "azure-westeurope", REGION: "westeurope" });
    assert.deepEqual(calls, ["npm run oncall -- azure-westeurope westeurope bypass"]);
  });
});

describe("a change is reverted", () => {
  const file = "stacks/Pulumi.aws-eu-central-1.yaml";

  /** A clone in which the file has had these contents in turn, with another stack's commit last. */
  async function clone(t: TestContext, ...contents: readonly string[]) {
    const programs = scope(t).use(await onCallPrograms());
    // The double only records, and this test needs git's history.
    await rm(join(programs.directory, "git"));
    const inClone = execa({ cwd: programs.directory });
    await mkdir(join(programs.directory, "stacks"));
    await inClone`git init --quiet`;
    const commit = async (path: string, content: string) => {
      await writeFile(join(programs.directory, path), content);
      await inClone`git add ${path}`;
      await inClone`git -c user.name=test -c user.email=test@example.com commit --quiet --message change`;
    };
    for (const content of contents) await commit(file, content);
    await commit("stacks/Pulumi.azure-westeurope.yaml", "another");
    return {
      take: async (matching: RegExp) => ({
        printed: await runs.run("RegistryCachePodOutdated", "Do", "stack", shell(programs), { matching }),
        now: await readFile(join(programs.directory, file), "utf8"),
        calls: (await soundCalls(programs)).filter((call) => call.startsWith("npm ")),
      }),
      edit: (content: string) => writeFile(join(programs.directory, file), content),
    };
  }
  const up = "npm run pulumi -- up --stack aws-eu-central-1";

  test("by the file's own history, with any later commits", async (t) => {
    const { take } = await clone(t, "first", "good", "bad");
    const { now, calls } = await take(/EARLIER=/);
    assert.deepEqual([now, calls], ["good", [up]]);
  });

  test("to nothing without an earlier commit: the file stays, and nothing is deployed", async (t) => {
    const { take } = await clone(t, "only");
    const { now, calls, printed } = await take(/EARLIER=/);
    assert.deepEqual([now, calls], ["only", []]);
    assert.match(printed, /no earlier commit/);
  });

  test("even if it isn't committed, after the edit is shown", async (t) => {
    const { take, edit } = await clone(t, "good\n");
    await edit("bad\n");
    assert.match((await take(/git diff/)).printed, /^\+bad$/m);
    const { now, calls } = await take(/checkout HEAD/);
    assert.deepEqual([now, calls], ["good\n", [up]]);
  });
});

test("asks a Pod in RegistryCacheProbeFailing by HTTPS, and behind an Ingress by HTTP", async (t) => {
  for (const [volume, url] of [
    ["tls", "https://127.0.0.1:18443/v2/"],
    ["", "http://127.0.0.1:18443/v2/"],
  ]) {
    const programs = scope(t).use(
      await fakePrograms({
        "registry-cache": `
case "$*" in
  *jsonpath*) printf '${volume}' ;;
  *" get pods "*) echo pod/it ;;
  *port-forward*) trap 'echo >"\${0%/*}/ended"; kill $!; exit' TERM; echo >"\${0%/*}/ready"; tail -f /dev/null & wait ;;
esac`,
        curl: "",
        sleep: `until [ -e "\${0%/*}/ready" ]; do :; done`,
      }),
    );
    const options = { matching: /port-forward/ };
    await runs.run("RegistryCacheProbeFailing", "See", "kubernetes", shell(programs), options);
    const call = (await programs.calls()).find(([program]) => program === "curl");
    assert.equal(call?.at(-1), url);
    await waitUntil("the port is free again", () => existsSync(join(programs.directory, "ended")));
  }
});

test("creates a private link's endpoint with the name that leads to it, and ends both, by docs/private-networks.md", async () => {
  await using programs = await onCallPrograms();
  const { exitCode, output } = await shell(programs)(
    `set -eu\n${commandsIn("private-networks.md").join("\n")}`,
  );
  assert.equal(exitCode, 0, output);
  const calls = await soundCalls(programs);
  assert.deepEqual(
    calls.map((call) => call.split(" --")[0]),
    [
      "aws ec2 describe-vpc-endpoint-services",
      "aws ec2 create-vpc-endpoint",
      "npm run pulumi",
      "pulumi destroy",
      "npm run pulumi",
      "pulumi up",
      "az network private-endpoint create",
      "az network private-endpoint show",
      "az network nic show",
      "az network private-dns zone create",
      "az network private-dns link vnet create",
      "az network private-dns record-set a add-record",
      "az network private-link-service show",
      "az network private-link-service connection delete",
    ],
  );
  assert.match(calls[3] ?? "", /--target \*\*\$azure-native:network:NetworkInterface::westeurope /);
  assert.match(
    calls.find((call) => call.includes("add-record")) ?? "",
    /--zone-name cache\.westeurope\.corp\.example\.com .*--ipv4-address 10\.1\.0\.4$/,
  );
  assert.match(output, /\["eu-central-1b"\].*\["Z1","vpce-1/s);
});
