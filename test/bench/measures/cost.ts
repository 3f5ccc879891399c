import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { projectDirectory } from "../../support/project.ts";
import { tempDir } from "../../support/scope.ts";
import type { Measure } from "../measure.ts";
import { progress } from "../report.ts";

/** `npm run cost` for many stack files, as a process with everything that it loads. */
export const cost: Measure = {
  name: "cost",
  async measure({ quick }) {
    const [files, repetitions] = quick ? [10, 1] : [100, 5];
    await using directory = await tempDir();
    await writeStacks(directory.path, files);
    const seconds: number[] = [];
    for (let repetition = 1; repetition <= repetitions; repetition++) {
      progress(`cost review: ${repetition} of ${repetitions}`);
      const start = performance.now();
      await execa("node", [join(projectDirectory, "scripts", "cost.ts")], {
        cwd: directory.path,
        stdout: "ignore",
      });
      seconds.push((performance.now() - start) / 1000);
    }
    return [
      {
        what: `cost review of ${files} stack files`,
        unit: "s",
        series: { stack: seconds },
        goal: { atMost: 3 },
      },
    ];
  },
};

/** Writes different stacks, so that no result can be reused for the next one: half on AWS, half on Azure. */
async function writeStacks(directory: string, files: number): Promise<void> {
  await cp(join(projectDirectory, "Pulumi.yaml"), join(directory, "Pulumi.yaml"));
  await mkdir(join(directory, "stacks"));
  const texts = await Promise.all(
    ["aws-eu-central-1", "azure-westeurope"].map((name) =>
      readFile(join(projectDirectory, "stacks", `Pulumi.${name}.yaml`), "utf8"),
    ),
  );
  for (let index = 0; index < files; index++) {
    const text = texts[index % texts.length]?.replace(/nodes: \d+/, `nodes: ${100 + index}`);
    await writeFile(join(directory, "stacks", `Pulumi.stack-${index}.yaml`), text ?? "");
  }
}
