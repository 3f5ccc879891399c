import assert from "node:assert/strict";
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { execa } from "execa";
import { mergeBase, touchedStacks } from "../../scripts/pipeline/touched.ts";
import { costProject, stackFiles } from "../support/cost-project.ts";
import { scope, tempDir } from "../support/scope.ts";

const upstreams = `
  registry-cache:upstreams: [{ name: own, registry: ghcr.io, repositories: ["own/**"] }]
`;

/** Three stacks, one of which has its own upstreams. */
async function committed(parts: ReturnType<typeof scope>) {
  const project = parts.use(await costProject());
  await project.setStack("aws-a", stackFiles.aws);
  await project.setStack("aws-own", stackFiles.aws.replace("config:\n", `config:${upstreams}`));
  await project.setStack("azure-b", stackFiles.azure);
  await project.commit();
  return {
    ...project,
    touched: () => touchedStacks("HEAD", project.directory),
    async edit(file: string, change: (text: string) => string) {
      const path = join(project.directory, file);
      const text = await readFile(path, "utf8").catch(() => "");
      assert.notEqual(change(text), text);
      await writeFile(path, change(text));
    },
  };
}

test("counts a stack as touched when its file's content changes, and not for its form", async (t) => {
  const project = await committed(scope(t));
  assert.deepEqual(await project.touched(), { stacks: [], removed: [], code: [] });
  await project.edit("stacks/Pulumi.aws-a.yaml", (text) => `# another comment\n${text}`);
  assert.deepEqual((await project.touched()).stacks, []);
  await project.edit("stacks/Pulumi.aws-a.yaml", (text) => text.replace("eu-central-1", "eu-north-1"));
  // Pulumi's own settings count, too.
  await project.edit(
    "stacks/Pulumi.azure-b.yaml",
    (text) => `secretsprovider: azurekeyvault://other\n${text}`,
  );
  assert.deepEqual((await project.touched()).stacks, [
    { stack: "aws-a", because: "its file" },
    { stack: "azure-b", because: "its file" },
  ]);
});

test("counts the stacks that don't override a changed shared value", async (t) => {
  const project = await committed(scope(t));
  await project.edit("Pulumi.yaml", (text) => text.replace("- giantswarm/**", "- giantswarm/other-**"));
  assert.deepEqual((await project.touched()).stacks, [
    { stack: "aws-a", because: "Pulumi.yaml" },
    { stack: "azure-b", because: "Pulumi.yaml" },
  ]);
});

test("counts the stacks whose `prefetch` reads a changed, new or deleted file", async (t) => {
  const project = await committed(scope(t));
  const releases = join(project.directory, "releases");
  await mkdir(releases);
  for (const name of ["a*.txt", "gone.txt", "same.txt"]) await writeFile(join(releases, name), "");
  const reading = (...paths: string[]) => {
    const files = paths.map((path) => `{ path: ${path} }`).join(", ");
    return stackFiles.aws.replace("config:\n", `config:\n  registry-cache:prefetch: { files: [${files}] }\n`);
  };
  await project.setStack("aws-a", reading("./releases/a*.txt", "../elsewhere.txt"));
  await project.setStack("aws-gone", reading("releases/same.txt", "releases/gone.txt"));
  await project.setStack("aws-new", reading(join(releases, "new.txt")));
  await project.setStack("aws-same", reading("releases/same.txt"));
  await project.commit();
  assert.deepEqual((await project.touched()).stacks, []);
  await writeFile(join(releases, "a*.txt"), "ghcr.io/own/app:1\n");
  await writeFile(join(releases, "new.txt"), "");
  await rm(join(releases, "gone.txt"));
  assert.deepEqual(
    (await project.touched()).stacks,
    ["aws-a", "aws-gone", "aws-new"].map((stack) => ({ stack, because: "prefetch" })),
  );
});

test("counts the stacks whose `prefetch` reads a file behind a link or in a submodule", async (t) => {
  const project = await committed(scope(t));
  const at = (path: string) => join(project.directory, path);
  const reading = (path: string) =>
    stackFiles.aws.replace(
      "config:\n",
      `config:\n  registry-cache:prefetch: { files: [{ path: ${path} }] }\n`,
    );
  for (const name of ["real", "same", "sub"]) {
    await mkdir(at(name));
    await writeFile(at(`${name}/images.txt`), "");
  }
  await symlink("real", at("link"));
  await symlink("real", at("turned"));
  await project.setStack("aws-link", reading("link/images.txt"));
  await project.setStack("aws-sub", reading("sub/images.txt"));
  await project.setStack("aws-turned", reading("turned/images.txt"));
  const commitSub = async () => {
    const git = (...args: string[]) => execa("git", args, { cwd: at("sub") });
    await git("init", "--quiet");
    await git("add", "--all");
    await git("-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "--quiet", "--message=sub");
  };
  await commitSub();
  await project.commit();
  assert.deepEqual((await project.touched()).stacks, []);
  await writeFile(at("real/images.txt"), "ghcr.io/own/app:1\n");
  await writeFile(at("sub/images.txt"), "ghcr.io/own/app:1\n");
  await commitSub();
  await rm(at("turned"));
  await symlink("same", at("turned"));
  assert.deepEqual(
    (await project.touched()).stacks,
    ["aws-link", "aws-sub", "aws-turned"].map((stack) => ({ stack, because: "prefetch" })),
  );
});

test("counts all stacks for a change of code, even an uncommitted one, and for the project's other settings", async (t) => {
  const all = ["components/pod/pod.ts", "index.ts", "package-lock.json", "policy/rules.ts", "start.js"];
  for (const [files, text] of [
    [all, "export {};"],
    [["Pulumi.yaml"], "backend: { url: s3://other }"],
    [["Pulumi.yaml"], "  aws:skipMetadataApiCheck: true"],
  ] as const) {
    const project = await committed(scope(t));
    await mkdir(join(project.directory, "components/pod"), { recursive: true });
    await mkdir(join(project.directory, "policy"), { recursive: true });
    for (const file of files) await project.edit(file, (before) => `${before.trimEnd()}\n${text}\n`);
    const { stacks, code } = await project.touched();
    assert.deepEqual(code, files);
    assert.deepEqual(
      stacks.map(({ stack, because }) => `${stack}: ${because}`),
      ["aws-a: code", "aws-own: code", "azure-b: code"],
    );
  }
});

test("handles new, removed and unreadable files", async (t) => {
  const project = await committed(scope(t));
  await project.setStack("aws-new", stackFiles.aws);
  await project.setStack("azure-b");
  await project.setStack("aws-a", "config: [");
  assert.deepEqual(await project.touched(), {
    stacks: [
      { stack: "aws-a", because: "its file" },
      { stack: "aws-new", because: "new" },
    ],
    removed: ["azure-b"],
    code: [],
  });
});

test("ignores commits that reached the other branch later", async (t) => {
  const project = await committed(scope(t));
  const git = (...args: string[]) => execa("git", args, { cwd: project.directory });
  const { stdout: base } = await git("rev-parse", "HEAD");
  await git("switch", "--quiet", "--create", "other");
  await project.edit("stacks/Pulumi.aws-own.yaml", (text) => text.replace("eu-central-1", "eu-north-1"));
  await project.commit();
  await git("switch", "--quiet", "--create", "this", base);
  await project.edit("stacks/Pulumi.azure-b.yaml", (text) => text.replaceAll("westeurope", "northeurope"));
  assert.equal(await mergeBase("other", project.directory), base);
  const { stacks } = await touchedStacks(await mergeBase("other", project.directory), project.directory);
  assert.deepEqual(
    stacks.map(({ stack }) => stack),
    ["azure-b"],
  );
  assert.equal(await mergeBase("origin/none", project.directory), "origin/none");
});

test("refuses to compare in a shallow clone without the common ancestor", async (t) => {
  const parts = scope(t);
  const project = await committed(parts);
  const git = (...args: string[]) => execa("git", args, { cwd: project.directory });
  await git("branch", "other");
  await project.edit("stacks/Pulumi.aws-own.yaml", (text) => text.replace("eu-central-1", "eu-north-1"));
  await project.commit();
  await git("switch", "--quiet", "other");
  await project.edit("stacks/Pulumi.azure-b.yaml", (text) => text.replaceAll("westeurope", "northeurope"));
  await project.commit();
  const { path } = parts.use(await tempDir());
  const depth = ["--depth=1", "--no-single-branch"];
  await execa("git", ["clone", "--quiet", ...depth, `file://${project.directory}`, path]);
  const { stdout: base } = await git("rev-parse", "@{-1}");
  await assert.rejects(mergeBase(base, path), {
    name: "StepError",
    message: /^this clone is shallow.*: run `git fetch --unshallow`$/,
  });
  assert.equal(await mergeBase("origin/none", path), "origin/none");
  await execa("git", ["fetch", "--quiet", "--unshallow"], { cwd: path });
  assert.equal(await mergeBase(base, path), (await git("merge-base", base, "HEAD")).stdout);
});

test("refuses a revision that git doesn't know", async (t) => {
  const { directory } = await committed(scope(t));
  await assert.rejects(touchedStacks("origin/none", directory), /git knows no revision "origin\/none" here/);
});

test("reports git's other errors as they are", async (t) => {
  const { directory } = scope(t).use(await costProject());
  await assert.rejects(touchedStacks("HEAD", directory), /^Error: fatal: not a git repository/);
});
