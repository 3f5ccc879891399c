/** A program in another project and directory that creates caches with this package. */
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { defaultImages } from "../../components/config/images.ts";
import { podPortCount } from "../../components/config/ports.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { linksOnly, markdownFiles, markdownProblems } from "../../scripts/docs/markdown.ts";
import { ensureImages } from "../../scripts/setup/images.ts";
import { tsc6 } from "../../scripts/setup/tsc.ts";
import { serve } from "../doubles/serve.ts";
import { serveApi } from "../doubles/serve-api.ts";
import { clouds } from "../support/cloud-files.ts";
import { lastPart } from "../support/cloud-stack.ts";
import { get } from "../support/http.ts";
import { installPackage, programName } from "../support/installed-package.ts";
import { freePort, freePorts } from "../support/ports.ts";
import { newStack, type Project, projectDirectory, succeeds } from "../support/project.ts";
import { scope, tempDir } from "../support/scope.ts";
import { keysOf } from "../support/stack-files.ts";

const upstreams = [{ name: "team", registry: "registry.test", repositories: ["team/**"] }];

describe("a program that has installed the package", () => {
  const parts = scope({ after });
  let program: string;

  before(async () => {
    program = parts.use(await tempDir()).path;
    await installPackage(program);
  });

  /** @param caches as in a stack file */
  const stackOf = async (
    stack: string,
    caches: object,
    environment: NodeJS.ProcessEnv = {},
  ): Promise<Project> => {
    const { path: directory } = parts.use(await tempDir());
    return newStack({ stack, directory, keys: { caches }, environment, program, name: programName });
  };

  async function compile(cwd: string): Promise<void> {
    const { failed, stdout } = await execa(tsc6, ["--project", "."], { cwd, reject: false });
    assert.ok(!failed, stdout);
  }

  async function assertUpAndUnchanged(project: Project): Promise<void> {
    for (const args of [[], ["--expect-no-changes"]]) {
      await succeeds(project, "up", args);
    }
  }

  test("shares its own SDK, even a newer one", async () => {
    const installed = join(program, "node_modules", "registry-cache", "package.json");
    const { dependencies } = JSON.parse(await readFile(installed, "utf8"));
    // Two copies would have separate message classes and separate state.
    assert.match(dependencies["@pulumi/pulumi"], /^\^/);
  });

  test("gets the commit, and nothing to run or install beside the dependencies", async () => {
    const installed = join(program, "node_modules", "registry-cache");
    const read = (...path: string[]) => readFile(join(installed, ...path), "utf8");
    const { stdout: head } = await execa("git", ["rev-parse", "HEAD"], { cwd: projectDirectory });
    assert.match(await read("dist", "commit"), new RegExp(`^${head}(-dirty)?\\n$`));
    const { scripts, optionalDependencies } = JSON.parse(await read("package.json"));
    const atInstallation = ["preinstall", "install", "postinstall"].filter((name) => name in scripts);
    assert.deepEqual([atInstallation, optionalDependencies], [[], undefined]);
  });

  test("gets the package's types", async () => {
    await compile(program);
  });

  test("can be CommonJS, with the tsconfig.json of Pulumi's templates", async () => {
    const cwd = join(program, "commonjs");
    await compile(cwd);
    const { stdout } = await execa("node", ["--print", "require('./bin/index.js')"], { cwd });
    assert.match(stdout, /^\[AsyncFunction/);
  });

  test("gets documents whose links work, except those to the project's sources", async () => {
    const installed = join(program, "node_modules", "registry-cache");
    const problems = await markdownProblems(installed, markdownFiles(installed), linksOnly);
    const toSources = /"(?:\.\.\/)*(?:CONTRIBUTING\.md|Pulumi\.yaml|charts|components|policy|stacks|test)\b/;
    assert.deepEqual(
      problems.filter((problem) => !toSources.test(problem)),
      [],
    );
  });

  test("gets all problems of its configuration", async () => {
    const wrong = { provider: "local", regions: [{ name: "UPPER", disk: 1 }], upstreams: { name: "team" } };
    // As with an engine that isn't this project's, which reads the program's tsconfig.json.
    const project = await stackOf("wrong", wrong, { NODE_OPTIONS: "" });
    const { failed, messages, changes } = await project.run("preview");
    assert.ok(failed);
    assert.match(
      messages,
      /The stack configuration has 3 problems:.*regions\[0\]\.name.*regions\[0\]\.disk.*upstreams: must be a list/s,
    );
    assert.deepEqual(changes, []);
  });

  test("brings up a region in AWS, and changes nothing the second time", async () => {
    const cloud = clouds.aws.newCloud();
    const served = parts.use(await serve(cloud));
    const api = parts.use(await serveApi(cloud));
    const environment = { ...api.environment, PULUMI_DEBUG_PROVIDERS: served.address };
    const remoteWrite = { url: "https://metrics.example.com/push", credentials: "metrics" };
    const keys = { ...keysOf(clouds.aws.file), upstreams, monitoring: { remoteWrite } };
    const project = await stackOf("aws", keys, environment);
    await project.setSecret(`${programName}:metrics.token`, "t0ken");
    await assertUpAndUnchanged(project);
    assert.ok(cloud.things().some(({ type }) => lastPart(type) === "Instance"));
  });

  test("brings up a region on this machine, and destroys it", async () => {
    const name = `package-${process.pid}`;
    const data = parts.use(await tempDir()).path;
    const region = {
      name,
      dataDir: join(data, "data"),
      storage: { kind: "disk", size: "1GiB" },
      endpoint: { port: await freePort() },
      internalPort: await freePorts(podPortCount(upstreams.length)),
    };
    const images = await ensureImages(defaultImages);
    const project = await stackOf("local", { provider: "local", regions: [region], upstreams, images });
    await assertUpAndUnchanged(project);
    const { caches } = await project.outputs();
    const { endpoint, ca } = caches[name];
    const { status } = await get(new URL("/v2/", endpoint), { ca: ca.certificate });
    assert.equal(status, 200);
    const onCall = ["scripts/oncall.ts", `organization/${programName}/local`, name, "origins"];
    const { stdout } = await execa("node", onCall, { cwd: projectDirectory, env: project.environment });
    assert.match(stdout, /team/);
    await succeeds(project, "destroy");
    const own = ["--filter", `label=app.kubernetes.io/instance=${name}`];
    assert.equal(await podman(["ps", "--all", "--quiet", ...own]), "");
  });
});
