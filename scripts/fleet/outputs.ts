/** The outputs of a stack that commands read: docs/outputs.md has the table. Another version of the program may have written them. */
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
        totals: z.looseObject({ byPayer: z.looseObject({ us: z.number() }), complete: z.boolean() }),
      }),
    )
    .default({}),
});

export type ReadOutputs = z.output<typeof readOutputs>;
export type CacheOutput = ReadOutputs["caches"][string];

/** @throws Error that says what differs from the expected outputs, and how to solve that */
export function parseOutputs(outputs: StackOutputs): ReadOutputs {
  const { data, problems } = parseWith(readOutputs, outputs);
  if (data) return data;
  const [first] = problems;
  throw new Error(
    `its outputs are of another version (${first?.path} ${first?.message}): \`pulumi up\` renews them`,
  );
}
