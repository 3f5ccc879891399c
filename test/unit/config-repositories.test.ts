import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { minimatch } from "minimatch";
import { globPattern, repositoryGlobProblem } from "../../components/config/repositories.ts";

function matches(glob: string, name: string): boolean {
  return new RegExp(`^(?:${globPattern(glob)})$`).test(name);
}

/** Checks a repository name by the OCI distribution specification, independently of the tested code. */
function isRepositoryName(name: string): boolean {
  return name.split("/").every((part) => {
    const words = part.split(/\.|__?|-+/);
    return words.every(
      (word) =>
        word !== "" && [...word].every((char) => "abcdefghijklmnopqrstuvwxyz0123456789".includes(char)),
    );
  });
}

// Only a few letters, so that globs and names often match.
const word = fc.string({ unit: fc.constantFrom("a", "b", "1"), minLength: 1, maxLength: 3 });
const segment = fc
  .array(fc.tuple(word, fc.constantFrom(".", "_", "__", "-", "--")), { minLength: 1, maxLength: 2 })
  .map((parts) => parts.map(([text, separator], index) => (index === 0 ? text : separator + text)).join(""));
const name = fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
const starred = fc
  .tuple(segment, fc.nat(6))
  .map(([text, at]) => `${text.slice(0, at)}*${text.slice(at + 1)}`);
const glob = fc
  .tuple(
    fc.array(fc.oneof(segment, starred, fc.constant("*")), { maxLength: 3 }),
    fc.option(fc.nat(3), { nil: undefined }),
  )
  .map(([parts, at]) => (at === undefined ? parts : parts.toSpliced(at, 0, "**")).join("/"))
  .filter((text) => repositoryGlobProblem(text) === undefined);
const hostileText = fc.string({
  unit: fc.constantFrom(
    "a",
    "b",
    "/",
    "..",
    ".",
    "-",
    "_",
    "A",
    "%2e",
    "%2f",
    "\0",
    "\n",
    " ",
    "?",
    ":",
    "é",
    "\\",
  ),
  maxLength: 12,
});

const options = { dot: true, noext: true, nobrace: true, nonegate: true, nocomment: true, noglobstar: false };

test("matches the same names as minimatch", () => {
  fc.assert(
    fc.property(glob, name, (pattern, candidate) => {
      assert.equal(
        matches(pattern, candidate),
        minimatch(candidate, pattern, options),
        `${pattern} ~ ${candidate}`,
      );
    }),
    { numRuns: 5000 },
  );
});

test("matches only repository names", () => {
  fc.assert(
    fc.property(
      glob,
      fc.oneof(
        hostileText,
        fc.tuple(name, hostileText).map(([head, tail]) => head + tail),
      ),
      (pattern, text) => {
        fc.pre(!isRepositoryName(text));
        assert.equal(matches(pattern, text), false);
      },
    ),
    { numRuns: 5000 },
  );
});

test("matches nothing outside of a glob's literal start", () => {
  fc.assert(
    fc.property(name, name, (start, candidate) => {
      if (matches(`${start}/**`, candidate)) assert.ok(candidate.startsWith(`${start}/`));
    }),
  );
});

test("matches the names in the documentation", () => {
  const expectations: [glob: string, matching: string[], other: string[]][] = [
    ["team/*", ["team/app", "team/a.b-c"], ["team", "team/", "team/app/sub", "teams/app", "other/team/app"]],
    [
      "team/**",
      ["team/app", "team/app/sub/x"],
      ["team", "team/", "teamx/app", "team/..", "team/../x", "team//x", "team/App"],
    ],
    [
      "**/charts/*",
      ["charts/x", "a/charts/x", "a/b/charts/x"],
      ["charts", "a/charts", "xcharts/x", "a/charts/x/y"],
    ],
    [
      "team/*-operator",
      ["team/my-operator"],
      ["team/-operator", "team/a/b-operator", "team/a..-operator", "team/x-operator2"],
    ],
    ["a.b/c", ["a.b/c"], ["axb/c"]],
    ["**", ["a", "a/b/c"], ["", "/", "..", "a/", "/a"]],
  ];
  for (const [pattern, matching, other] of expectations) {
    for (const text of matching) assert.ok(matches(pattern, text), `${pattern} should match ${text}`);
    for (const text of other) assert.ok(!matches(pattern, text), `${pattern} should not match ${text}`);
  }
});

test("takes linear time, even for names that provoke backtracking", () => {
  for (const pattern of ["**/a*/b*/c", "**", "a*a/**", "**/*a"]) {
    const expression = new RegExp(`^(?:${globPattern(pattern)})$`);
    for (const hostile of [
      "a".repeat(100_000),
      "a/".repeat(50_000),
      "a-".repeat(50_000),
      `${"a/".repeat(50_000)}!`,
    ]) {
      const start = performance.now();
      expression.test(hostile);
      const milliseconds = performance.now() - start;
      assert.ok(milliseconds < 1000, `${pattern} took ${milliseconds} ms`);
    }
  }
});

test("refuses what isn't a glob, with the reason", () => {
  const expectations: [glob: string, reason: RegExp][] = [
    ["", /empty path segment/],
    ["/team", /empty path segment/],
    ["team//x", /empty path segment/],
    ["team/", /empty path segment/],
    ["Team/*", /"Team" can't be part/],
    ["team/..", /can't be part/],
    ["team/[ab]", /can't be part/],
    ["team/a.*/(.*)", /can't be part/],
    ["team/**x", /whole path segment/],
    ["team/*a*", /more than one `\*`/],
    ["**/a/**", /more than one `\*\*`/],
  ];
  for (const [glob, reason] of expectations) {
    assert.match(repositoryGlobProblem(glob) ?? "", reason, glob);
    assert.throws(() => globPattern(glob), reason);
  }
});
