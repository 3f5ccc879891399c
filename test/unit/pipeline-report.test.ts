import assert from "node:assert/strict";
import { hostname } from "node:os";
import { test } from "node:test";
import type { Review } from "../../scripts/cost/review.ts";
import { changesOf } from "../../scripts/engine/changes.ts";
import type { EngineRun } from "../../scripts/engine/engine.ts";
import { troubleOf } from "../../scripts/engine/trouble.ts";
import { type Preview, renderComment } from "../../scripts/pipeline/comment.ts";
import { hasDrifted, hasFailed, isAsLeft, renderDrift } from "../../scripts/pipeline/reports.ts";
import { wavesOf } from "../../scripts/pipeline/waves.ts";

const run = (changes: Partial<EngineRun> = {}): EngineRun => ({
  stack: "aws-a",
  succeeded: true,
  changes: [],
  warnings: [],
  errors: [],
  ...changes,
});
const nothingElse = { stacks: [], removed: [], code: [] };
const cost: Review = {
  date: "2026-11-27",
  regions: [],
  removed: [],
  leftBehind: [],
  unread: { now: [], base: [] },
  problems: [],
  notes: [],
};
const report = (previews: readonly Preview[], isInterrupted = false) =>
  renderComment(previews, nothingElse, cost, "main", isInterrupted);
const comment = (...args: Parameters<typeof report>) => report(...args).short;

const step = (op: string, name: string, more: object = {}) => ({
  op,
  urn: `urn:pulumi:aws-a::registry-cache::aws:ec2/instance:Instance::${name}`,
  type: "aws:ec2/instance:Instance",
  ...more,
});

test("combines the steps of a replacement into one change, with its cause", () => {
  const detailedDiff = { userData: { diffKind: "update-replace" }, tags: { diffKind: "update" } };
  const changes = changesOf([
    step("same", "kept"),
    step("update", "bigger", { detailedDiff: { tags: { diffKind: "update" } } }),
    step("delete-replaced", "a"),
    step("replace", "a", { detailedDiff }),
    step("create-replacement", "a", { detailedDiff }),
    step("delete-replaced", "left over"),
  ]);
  assert.deepEqual(
    changes.map(({ kind, type, name, because }) => [kind, type, name, ...because]),
    [
      ["replace", "Instance", "a", "userData"],
      ["delete", "Instance", "left over"],
      ["update", "Instance", "bigger", "tags"],
    ],
  );
});

test("a replacement whose old resource stays is no loss", () => {
  const old = { parent: "", provider: "", inputs: {}, retainOnDelete: true };
  const preview = (...steps: ReturnType<typeof step>[]): Preview => {
    return { stack: "aws-a", because: "its file", run: run({ changes: changesOf(steps) }) };
  };
  const kept = comment([preview(step("replace", "pod", { old, keys: ["content"] }))]);
  assert.doesNotMatch(kept, /would lose|\*\*1\*\*|\*\*replace|<details open>/);
  assert.match(kept, /^- replace Instance `pod`: `content` \(the old one stays\)$/m);
  const lost = comment([preview(step("replace", "pod", { old }), step("replace", "a"))]);
  assert.match(lost, /\*\*1 stack would lose or replace resources\.\*\*/);
  assert.match(lost, /\*\*2\*\*.*<details open>.*- replace Instance `pod`.*- \*\*replace Instance `a`\*\*/s);
});

test("cuts a comment between stacks to GitHub's limit, and says so, but not the log", () => {
  const changes = changesOf(Array.from({ length: 140 }, (_, index) => step("create", `thing-${index}`)));
  const previews = Array.from({ length: 40 }, (_, index): Preview => {
    const stack = `aws-${index}`;
    return { stack, because: "code", run: run({ stack, changes }) };
  });
  const { whole, short: text } = report(previews);
  assert.ok(Buffer.byteLength(text) <= 65_536 && Buffer.byteLength(text) > 60_000, `${text.length}`);
  assert.match(text, /The report was cut here/);
  assert.equal(text.split("<details>").length, text.split("</details>").length);
  for (const { stack } of previews) assert.ok(text.includes(`| ${stack} |`), stack);
  assert.equal(whole.split("<details>").length, 1 + previews.length);
  assert.doesNotMatch(whole, /was cut/);
  const few = report(previews.slice(0, 2));
  assert.equal(few.short, few.whole);
});

test("a preview of named stacks lists the other touched stacks", () => {
  const touched = (["aws-a", "aws-b", "aws-c"] as const).map(
    (stack) => ({ stack, because: "code" }) as const,
  );
  const all = { ...nothingElse, stacks: touched };
  const preview = { stack: "acme/aws-a", because: "code", run: run({ stack: "acme/aws-a" }) } as const;
  const some = renderComment([preview], all, cost, "main", false).whole;
  assert.match(some, /^3 stacks touched by .*\n\nNot previewed here: `aws-b`, `aws-c`\.$/m);
  const none = renderComment([], all, cost, "main", false).whole;
  assert.match(none, /^3 stacks touched by .*\n\nNot previewed here: `aws-a`, `aws-b`, `aws-c`\.$/m);
  assert.match(renderComment([], nothingElse, cost, "main", false).whole, /^No stack is touched/m);
  const code = Array.from({ length: 12 }, (_, index) => `${index}.ts`);
  const files = renderComment([], { ...all, code }, cost, "main", false).whole;
  assert.match(files, /^All of them, as these differ: `0\.ts`, .*`9\.ts` and 2 others\.$/m);
});

test("escapes texts from others", () => {
  const evil = "``` @everyone <img src=x>\n```";
  const text = comment([
    { stack: "aws-a", because: "new", run: run({ succeeded: false, errors: [evil], warnings: [evil] }) },
  ]);
  assert.equal(text.match(/^```/gm)?.length, 4, text);
  const stack = "<b>|[a](b)";
  const named = {
    stack,
    because: "new",
    run: run({ stack, errors: ["error: no changes were expected"] }),
  } as const;
  for (const one of [comment([named]), renderDrift([named.run], false).short]) {
    assert.doesNotMatch(one, /<b>|\]\(/);
    assert.equal(one.match(/&#60;b&#62;&#124;&#91;a&#93;&#40;b&#41;/g)?.length, 2, one);
  }
});

test("finds drift that the engine only counts, with other lines before it", () => {
  const errors = [
    "warning: a newer version is there\nerror: no changes were expected but changes were proposed",
  ];
  const drifted = run({ succeeded: false, errors });
  assert.deepEqual([hasDrifted(drifted), hasFailed(drifted)], [true, false]);
  assert.match(
    renderDrift([drifted], false).short,
    /\*\*1 of 1 stack changed outside of Pulumi\.\*\*.*\*\*drifted\*\*/s,
  );
  const failed = run({ succeeded: false, errors: ["no credentials"] });
  assert.deepEqual([hasDrifted(failed), hasFailed(failed)], [false, true]);
  assert.match(
    renderDrift([failed, drifted], true).short,
    /^\*\*1 of 2 stacks changed outside of Pulumi\. 1 couldn't be compared\.\*\*\n\n\*\*The comparison was interrupted\.\*\* /,
  );
  assert.match(
    comment([{ stack: "aws-a", because: "new", run: failed }], true),
    /^\*\*The preview was interrupted/m,
  );
});

test("reports operations of a running or interrupted update, with the way out", () => {
  const unfinished = "  * urn:pulumi:aws-a::registry-cache::aws:ec2/instance:Instance::vm, creating";
  const left = run({ unfinished });
  assert.deepEqual([isAsLeft(run()), isAsLeft(left), hasFailed(left)], [true, false, false]);
  const { whole } = renderDrift([left, run({ stack: "aws-b" })], false);
  assert.match(whole, /^\*\*0 of 2 stacks changed outside of Pulumi\. 1 has unfinished operations\.\*\*$/m);
  assert.match(whole, /^\| aws-a \| \*\*unfinished\*\* \|/m);
  assert.match(renderDrift([left, left], false).whole, / 2 have unfinished operations\./);
  const told =
    /Either an update is running, or one was interrupted\. .*: vm \(creating\)\..* If none is running: /;
  assert.match(whole, told);
  const text = comment([{ stack: "aws-a", because: "code", run: left }]);
  assert.match(text, /\. \*\*1 has unfinished operations\.\*\*$/m);
  assert.match(text, /^\| aws-a \| code \|.*\| \*\*unfinished\*\* \|$/m);
  assert.match(text, told);
});

const whatOf = (error: string) => troubleOf(run({ errors: [error] }))?.what ?? "";

test("recognizes refused credentials in the words of each backend", () => {
  for (const refusal of [
    'error: read ".pulumi/meta.yaml": blob (key ".pulumi/meta.yaml") (code=PermissionDenied): AccessDenied',
    'error: blob (key ".pulumi/meta.yaml") (code=Unknown): operation error S3: GetObject, https response error StatusCode: 403, RequestID: 1',
    `error: read ".pulumi/meta.yaml": blob (key ".pulumi/meta.yaml") (code=Unknown): GET https://a.blob.core.windows.net/state/.pulumi%2Fmeta.yaml\n${"-".repeat(80)}\nRESPONSE 403: 403 Forbidden\nERROR CODE: AuthorizationPermissionMismatch`,
    "error: [401] Unauthorized: No credentials provided or are invalid.",
    "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
  ])
    assert.match(whatOf(refusal), /^The state's backend refuses these credentials\.$/);
});

test("names the holder of a lock, even if this machine has no such process: another one can have the same name", () => {
  const conflict = "error: [409] Conflict: Another update is currently in progress.";
  assert.match(whatOf(conflict), /^Another run holds the stack\.$/);
  const lock = `error: the stack is currently locked by 1 lock(s).\n  x.json: created by ci@${hostname()} (pid 999999) at 2026-11-27T08:00:00Z`;
  const { what = "", wayOut = "" } = troubleOf(run({ errors: [lock] })) ?? {};
  assert.equal(
    what,
    `Another run holds the stack: ci@${hostname()}, process 999999, since 2026-11-27T08:00:00Z.`,
  );
  assert.match(wayOut, /^Wait until it ends\. .*make sure .*`npm run pulumi -- cancel --yes --stack aws-a`/);
  assert.equal(troubleOf(run({ errors: ["the zone has no machines"] })), undefined);
});

test("points to the page for what a run can't repair", () => {
  for (const [error, page] of [
    [
      "error: failed to load checkpoint: place 1: unexpected end of JSON input",
      "state.md#restore-an-earlier-state",
    ],
    [
      'Status=409 Code="VaultAlreadyExists" Message="The vault name \'cache-0123\' is already in use."',
      "day-2.md#a-key-vault-or-a-secret-was-deleted",
    ],
    [
      "error: getting stack configuration: get stack secrets manager: secrets (code=FailedPrecondition): operation error KMS: Decrypt, https response error StatusCode: 400, KMSInvalidStateException: the key is pending deletion.",
      "day-2.md#the-key-is-lost",
    ],
  ] as const)
    assert.ok(troubleOf(run({ errors: [error] }))?.wayOut.includes(`docs/${page}`), error);
});

test("a stack's file without what `stack init` wrote there", () => {
  const errors = [
    "error: passphrase must be set with PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE environment variables",
  ];
  assert.match(troubleOf(run({ errors }))?.wayOut ?? "", /`secretsprovider`.*commit/);
});

test("puts the canary into the first wave alone, then the others by name", () => {
  assert.deepEqual(wavesOf(["a", "b", "c", "d"], "c", 2), [["c"], ["a", "b"], ["d"]]);
  assert.deepEqual(wavesOf(["a", "b"], "elsewhere", 3), [["a"], ["b"]]);
  assert.deepEqual(wavesOf([], "a", 3), []);
});
