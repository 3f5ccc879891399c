/** Mistakes in a stack in a cloud are reported, each with its path and the remedy, before anything is created. test/engine/cloud-bad-input.test.ts and cluster-lifecycle.test.ts test that the engine passes the messages on. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { after, before, describe, test } from "node:test";
import { isOfEngine } from "../support/cloud-case.ts";
import { clouds } from "../support/cloud-files.ts";
import { type CloudRefusals, cloudRefusals } from "../support/cloud-graph.ts";
import { clusterCases } from "../support/cluster-files.ts";
import { scope, tempDir } from "../support/scope.ts";

const cases = [
  ...Object.entries(clouds).map(([name, { file, mistakes, newCloud }]) => ({
    what: `a machine in ${name}`,
    ...{ file, mistakes, newCloud, programs: [] },
  })),
  ...clusterCases.map(({ provider, file, mistakes, newAccount, programs }) => ({
    what: `a cluster in ${provider}`,
    ...{ file, mistakes, newCloud: () => newAccount().cloud, programs },
  })),
];

for (const { what, file, mistakes, newCloud, programs } of cases) {
  describe(what, () => {
    const parts = scope({ after });
    const cloud = newCloud();
    let refusals: CloudRefusals;

    before(async () => {
      const { path: bin } = parts.use(await tempDir());
      for (const program of programs) await writeFile(join(bin, program), "#!/bin/false\n", { mode: 0o755 });
      process.env.PATH = [bin, process.env.PATH].join(delimiter);
      refusals = parts.use(await cloudRefusals(file, cloud));
    });

    for (const [mistake, { told, ...edit }] of Object.entries(mistakes)) {
      if (isOfEngine(mistake)) continue;
      test(`reports ${mistake} before it creates anything`, async () => {
        const message = await refusals.refusal(edit);
        for (const text of told) assert.match(message, text);
        assert.deepEqual(cloud.operations, []);
      });
    }
  });
}
