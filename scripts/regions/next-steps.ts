import type { NewFile } from "./add.ts";

/** What is to be done with a new stack file. @param path of the file */
export function nextSteps(stack: string, path: string, { from, kept, secrets }: NewFile): string {
  const values = kept.map(([key, value]) => `  regions[0].${key}: ${JSON.stringify(value)}`);
  return [
    `${path} is written, from ${from}.`,
    ...(values.length > 0
      ? ["", "These values are from there. Look at each, and put your own in its place:", ...values]
      : []),
    "",
    "Then:",
    `  npm run regions -- check ${stack}`,
    `  npx pulumi stack init ${stack}`,
    ...secrets.map(
      (key) =>
        `  npx pulumi config set --stack ${stack} --secret --path ${key}.password # docs/configuration.md#secrets`,
    ),
    `  npx pulumi up --stack ${stack}`,
  ].join("\n");
}
