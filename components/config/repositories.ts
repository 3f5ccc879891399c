/**
 * The syntax of the allow-list: globs over OCI repository names (`giantswarm/**`). The allow-list is the security boundary of the cache: a
 * name that no glob matches never reaches an upstream. So the syntax is small, and matching takes linear time.
 *
 * - A `*` matches any text inside one path segment, once per segment: `giantswarm/*-operator`, `giantswarm/*`.
 * - A `**` is a whole segment, once per glob. At the end it matches one or more segments, elsewhere zero or more.
 * - Everything else is literal.
 *
 * A glob only matches valid names: lower case, no empty segment, separators only inside a segment.
 * https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#pulling-manifests
 */
import { segment } from "./text.ts";

const segmentCharacters = "[a-z0-9._-]*";
const wholeSegment = new RegExp(`^${segment}$`);

/** What is wrong with a glob, or undefined if it is valid. */
export function repositoryGlobProblem(glob: string): string | undefined {
  const segments = glob.split("/");
  if (segments.includes("")) {
    return "has an empty path segment: write names as the registry does, without a slash at either end";
  }
  if (segments.filter((text) => text === "**").length > 1) {
    return "has more than one `**`: write one glob per place";
  }
  const [first = "", ...rest] = segments;
  if (first.includes(":") && rest.length > 0) {
    return `names a registry: leave it out and write "${rest.join("/")}"`;
  }
  if (/[:@]/.test(segments.at(-1) ?? "")) {
    return "has a tag or digest: leave it out, as a repository is served with all its tags";
  }
  for (const text of segments) {
    if (text === "**") continue;
    if (text.includes("**")) return "`**` must be a whole path segment, as in `team/**`";
    if (text.split("*").length > 2) return `"${text}" has more than one \`*\`: one per path segment`;
    if (!wholeSegment.test(text.replace("*", "a"))) {
      return (
        `"${text}" can't be part of a repository name: lower-case letters and digits, ` +
        "with `.`, `_`, `__` or `-` between them, and `*`"
      );
    }
  }
  return undefined;
}

/**
 * The source of a regular expression, for both PCRE and JavaScript, that matches exactly the repository names of the glob. The caller must
 * anchor it: a `/` or the end of the text must follow the name.
 * @throws Error if the glob is invalid. The configuration schema refuses such globs earlier.
 */
export function globPattern(glob: string): string {
  const problem = repositoryGlobProblem(glob);
  if (problem) throw new Error(`"${glob}" ${problem}`);
  const segments = glob.split("/");
  return segments
    .map((text, index) => {
      const isLast = index === segments.length - 1;
      if (text === "**") return isLast ? `${segment}(?:/${segment})*` : `(?:${segment}/)*`;
      return segmentPattern(text) + (isLast ? "" : "/");
    })
    .join("");
}

/** Whether one of the globs matches a repository's name. */
export function isAllowed(repository: string, globs: readonly string[]): boolean {
  return globs.some((glob) => new RegExp(`^(?:${globPattern(glob)})$`).test(repository));
}

function segmentPattern(text: string): string {
  if (text === "*") return segment;
  if (!text.includes("*")) return escapeLiteral(text);
  // The look-ahead rejects invalid segments that the wildcard would match, such as `a..` for `a*`.
  return `(?=${segment}(?:/|$))${text.split("*").map(escapeLiteral).join(segmentCharacters)}`;
}

/** The dot is the only character of a literal that is special in a regular expression. */
function escapeLiteral(text: string): string {
  return text.replaceAll(".", "\\.");
}
