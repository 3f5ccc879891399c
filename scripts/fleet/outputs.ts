/** What commands read of a stack's outputs: docs/outputs.md has the table. Stacks may have been brought up by another version of the program. */
import { z } from "zod";
import { parseWith } from "../../components/config/schema-problems.ts";
import type { StackOutputs } from "./backend.ts";

const readOutputs = z.looseObject({
  caches: z.record(
    z.string(),
    z.looseObject({
      endpoint: z.string(),
      topology: z.string(),
      storage: z.looseObject({ kind: z.string() }),
      ca: z.looseObject({ certificate: z.string() }).optional(),
      upstreams: z.array(z.looseObject({ registry: z.string(), repositories: z.array(z.string()) })),
      pod: z.string().optional(),
    }),
  ),
  monitoring: z.record(z.string(), z.looseObject({ statusPage: z.string().optional() })).default({}),
  cost: z
    .record(
      z.string(),
      z.looseObject({
        provider: z.string(),
        totals: z.looseObject({
          byPayer: z.looseObject({ us: z.number() }),
          complete: z.boolean(),
        }),
      }),
    )
    .default({}),
});

export type ReadOutputs = z.output<typeof readOutputs>;
export type CacheOutput = ReadOutputs["caches"][string];

/** @throws Error that says what is there in place of what is expected, and the way out. */
export function parseOutputs(outputs: StackOutputs): ReadOutputs {
  const { data, problems } = parseWith(readOutputs, outputs);
  if (data) return data;
  const [first] = problems;
  throw new Error(
    `its outputs are of another version (${first?.path} ${first?.message}): \`pulumi up\` renews them`,
  );
}
