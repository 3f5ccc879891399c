/** parliament, which checks IAM policies, and botocore, which contains AWS's own models: https://github.com/duo-labs/parliament */
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { cacheDirectory } from "../../components/hosts/local/directories.ts";
import { step } from "../../scripts/command/steps.ts";

const version = "1.6.4";

export interface Finding {
  readonly issue: string;
  readonly detail: unknown;
}

const lint = `
import json, sys
from parliament import analyze_policy_string
found = [f for p in json.load(sys.stdin) for f in analyze_policy_string(json.dumps(p)).findings]
print(json.dumps([{"issue": f.issue, "detail": f.detail} for f in found]))
`;

/** @param policies policy documents */
export async function findings(policies: unknown): Promise<Finding[]> {
  return JSON.parse(await python(lint, policies));
}

const models = `
import json, sys
import botocore.session
session = botocore.session.get_session()
known = lambda name: name.split(".")[1] in session.get_service_model(name.split(".")[0]).operation_names
print(json.dumps([name for name in json.load(sys.stdin) if not known(name)]))
`;

/** The operations, like `ec2.RunInstances`, that AWS's models don't have. */
export async function unknownOperations(operations: readonly string[]): Promise<string[]> {
  return JSON.parse(await python(models, operations));
}

async function python(program: string, input: unknown): Promise<string> {
  const env = { PYTHONPATH: await install() };
  const { stdout } = await execa("python3", ["-c", program], { input: JSON.stringify(input), env });
  return stdout;
}

/** Installs the packages, unless they are there. @returns their directory */
async function install(): Promise<string> {
  const directory = join(cacheDirectory(), `parliament-${version}`);
  if (existsSync(directory)) return directory;
  await step(`Installing parliament ${version}`, "install Python 3 with pip", async (run) => {
    const draft = await mkdtemp(`${directory}.`);
    const options = ["--quiet", "--only-binary=:all:", "--disable-pip-version-check", "--target", draft];
    try {
      await run("python3", ["-m", "pip", "install", ...options, `parliament==${version}`]);
      await rename(draft, directory);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  });
  return directory;
}
