/** What the runbooks say to run on one's own computer, with doubles of the clouds' programs, which refuse what those refuse. */
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { execa } from "execa";
import { alertNames } from "../../components/config/alerts.ts";
import type { FakePrograms } from "../support/fake-programs.ts";
import { assertSound, onCallPrograms } from "../support/on-call-programs.ts";
import { RunbookRuns, type Shell } from "../support/runbook-runs.ts";
import { blocksOf, commandsIn, runbook } from "../support/runbooks.ts";

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

/** The calls of programs, each as one text. */
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
    const { calls } = await done("azure", /az network dns/);
    assert.deepEqual(calls, [
      "az network dns record-set a delete --resource-group dns --zone-name example.com --name cache.westeurope --yes",
    ]);
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
      const machine = "--resource-group registry-cache-westeurope --name registry-cache-westeurope";
      assert.deepEqual(calls, [`az vm ${ACTION} ${machine}`]);
    }
  });

  test("names the values that its blocks take", () => {
    const text = runbook("RegistryCacheDown").codes;
    for (const value of ["ACTION=start-instances", "ACTION=start", "ACTION=redeploy"]) {
      assert.ok(text.includes(value), value);
    }
  });

  test("takes the cache out of DNS, and back, by one command", async () => {
    const { calls } = await done("stack", / bypass$/m, { STACK: "azure-westeurope", REGION: "westeurope" });
    assert.deepEqual(calls, ["npm run oncall -- azure-westeurope westeurope bypass"]);
  });
});

test("a change is taken back by the stack file of the commit before", async () => {
  await using programs = await onCallPrograms();
  await runs.run("RegistryCachePodOutdated", "Do", "stack", shell(programs), { matching: /git checkout/ });
  assert.deepEqual(
    (await soundCalls(programs)).filter((call) => !call.startsWith("pulumi ")),
    [
      "git log --oneline -5 -- stacks/Pulumi.aws-eu-central-1.yaml",
      "git checkout HEAD~1 -- stacks/Pulumi.aws-eu-central-1.yaml",
      "npm run pulumi -- up --stack aws-eu-central-1",
    ],
  );
});

test("a consumer of a private link makes an endpoint, and the name leads to it", async () => {
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
      "az network private-endpoint create",
      "az network private-endpoint show",
      "az network nic show",
      "az network private-dns zone create",
      "az network private-dns link vnet create",
      "az network private-dns record-set a add-record",
    ],
  );
  assert.match(
    calls.at(-1) ?? "",
    /--zone-name cache\.westeurope\.corp\.example\.com .*--ipv4-address 10\.1\.0\.4$/,
  );
  assert.match(output, /\["eu-central-1b"\].*\["Z1","vpce-1/s);
});
