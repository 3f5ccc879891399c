/** The messages of `--debug`: docs/troubleshooting.md. */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { clouds } from "../support/cloud-files.ts";
import { cloudStack } from "../support/cloud-stack.ts";
import { scope } from "../support/scope.ts";

const resources = scope({ after });
const ofTheSdk = /RegisterResource RPC prepared: t=aws:/;

test("shows the SDK's messages if NODE_DEBUG asks for them, and the engine's in any case", async () => {
  const { file, newCloud } = clouds.aws;
  const outputs = ["", "pulumi"].map(async (NODE_DEBUG) => {
    const stack = resources.use(await cloudStack(file, newCloud(), { environment: { NODE_DEBUG } }));
    return stack.pulumi("preview", "--config-file", stack.file, "--debug", "--json");
  });
  const [usual = "", asked = ""] = await Promise.all(outputs);
  assert.match(usual, /"severity":"debug"/);
  assert.doesNotMatch(usual, ofTheSdk);
  assert.match(asked, ofTheSdk);
});
