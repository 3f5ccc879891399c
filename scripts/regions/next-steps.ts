import type { StateBackend } from "../engine/environment.ts";
import type { NewFile } from "./add.ts";

/** The user's next steps with a new stack file. @param path of the file @param state the stack's backend */
export function nextSteps(stack: string, path: string, file: NewFile, state: StateBackend): string {
  const { from, kept, keptOfStack, alsoKept, onlyOthers, leftOut, secrets, secretsProvider } = file;
  const isBucket = !/^(?:file|https?):/.test(state.url);
  const provider = secretsProvider ? `'${secretsProvider}'` : isBucket && "… # docs/state.md";
  const values = [...kept.map(([key, value]) => [`regions[0].${key}`, value]), ...keptOfStack].map(
    ([key, value]) => `  ${key}: ${JSON.stringify(value)}`,
  );
  const lists = [
    ["Also copied, for the whole stack", alsoKept.stack],
    ["Also copied, for the region", alsoKept.region],
    ["Other stacks also have, and this file doesn't", onlyOthers],
  ] as const;
  return [
    `${path} is written, from ${from}.`,
    ...(values.length > 0
      ? ["", "These values are from there. Look at each, and put your own in its place:", ...values]
      : []),
    ...lists.flatMap(([title, keys]) => (keys.length > 0 ? ["", `${title}: ${keys.join(", ")}`] : [])),
    ...(leftOut.length > 0
      ? [
          "",
          "These keys belong to the other region and are left out. Write your own where you need them:",
          ...leftOut.map((key) => `  regions[0].${key}`),
        ]
      : []),
    "",
    "Then:",
    `  npm run regions -- check ${stack}`,
    ...(state.from === "this machine"
      ? ["  npm run init -- --state … # else the state is on this machine only: docs/state.md"]
      : []),
    `  npm run pulumi -- stack init ${stack}${provider ? ` --secrets-provider ${provider}` : ""}`,
    ...secrets.map(
      (key) =>
        `  npm run pulumi -- config set --stack ${stack} --secret --path ${key}.password # docs/configuration.md#secrets`,
    ),
    `  git add ${path} # and commit it: it names the key of the stack's secrets`,
    `  npm run pulumi -- up --stack ${stack}`,
  ].join("\n");
}
