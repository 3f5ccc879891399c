/** Operations whose program loses its connection to the engine: components/lost-connection.ts. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { engineEnvironment } from "../../scripts/engine/environment.ts";
import { clouds } from "../support/cloud-files.ts";
import { cloudStack } from "../support/cloud-stack.ts";
import { projectDirectory, succeeds } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";

const resources = scope({ after });

/** Ends registrations as gRPC does on a lost connection, once there is a file `lost` beside this one. */
const losesIt = `
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const services = require(${JSON.stringify(join(projectDirectory, "node_modules/@pulumi/pulumi/proto/resource_grpc_pb.js"))});
const { prototype } = services.ResourceMonitorClient;
const register = prototype.registerResource;
prototype.registerResource = function (request, ...rest) {
  const isLost = request.getCustom() && existsSync(join(__dirname, "lost"));
  if (!isLost) return register.call(this, request, ...rest);
  rest.at(-1)(Object.assign(new Error("No connection established"), { code: 14 }));
};
`;

test("fail, and delete nothing", async () => {
  const { path } = resources.use(await tempDir());
  await writeFile(join(path, "loses-it.cjs"), losesIt);
  const { file, newCloud } = clouds.aws;
  const NODE_OPTIONS = `${engineEnvironment().NODE_OPTIONS} --require=${join(path, "loses-it.cjs")}`;
  const stack = resources.use(
    await cloudStack(file, newCloud(), { isWarm: false, environment: { NODE_OPTIONS } }),
  );
  await succeeds(stack, "up");
  stack.done();
  await writeFile(join(path, "lost"), "");
  for (const operation of ["preview", "up"] as const) {
    const { failed, messages, changes } = await stack.run(operation);
    assert.ok(failed);
    assert.match(messages, /connection to Pulumi's engine ended before the program did/);
    assert.deepEqual(
      changes.filter((it) => it.startsWith("delete")),
      [],
    );
  }
  assert.deepEqual(stack.done(), []);
});
