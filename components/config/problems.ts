import { closest, distance } from "fastest-levenshtein";

/** One thing that is wrong in a stack's configuration. */
export interface Problem {
  /** The place in the YAML: `regions[0].endpoint.hostname`. */
  readonly path: string;
  /** What is wrong and how to correct it. Never contains a secret's value. */
  readonly message: string;
}

/** Notes below the problems of a check: later checks, which need a configuration without problems, may find more. */
export const moreMayFollow = {
  values: "More may follow: all else is checked after these are corrected.",
  preflight: "More may follow: other keys, regions, sizes and limits are checked after these are corrected.",
  lookUp: "More may follow: what the provider has is checked after these are corrected.",
} as const;

/** Everything that one check finds wrong with a stack's configuration, in the order of the file where possible. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  /** @param note printed below the problems: see {@link moreMayFollow} */
  constructor(problems: readonly Problem[], note?: string) {
    const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
    const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
    super([`The stack configuration has ${count}:`, ...lines, ...(note ? [note] : [])].join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** A list with one problem if the condition is true. Otherwise empty. */
export function problemIf(isWrong: boolean, path: string, message: string): Problem[] {
  return isWrong ? [{ path, message }] : [];
}

/** Prefixes the paths of problems with the path of the part that they belong to. */
export function within(path: string, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
}

/** Converts the problems of each region, in the order of the stack's regions, to problems of the stack. Problems of `governance`, which all regions share, appear once. */
export function withinRegions(ofRegions: readonly (readonly Problem[])[]): Problem[] {
  const isOfStack = ({ path }: Problem) => path.startsWith("governance.");
  const ofStack = ofRegions.flat().filter(isOfStack);
  return [
    ...new Map(ofStack.map((problem) => [JSON.stringify(problem), problem])).values(),
    ...ofRegions.flatMap((problems, index) =>
      within(
        `regions[${index}]`,
        problems.filter((problem) => !isOfStack(problem)),
      ),
    ),
  ];
}

/** The known word that is nearest to a misspelt one, or undefined if none is near. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(word, [...known]);
  return distance(word, nearest) <= Math.max(2, word.length / 3) ? nearest : undefined;
}

/** The advice for an unknown name. @param otherwise the advice if no known name is near. @default the list of known names */
export function hint(word: string, known: readonly string[], otherwise = itHas(known)): string {
  const nearest = suggestion(word, known);
  return nearest === undefined ? otherwise : `did you mean "${nearest}"?`;
}

/** Lists the known names, for a message. */
export function itHas(known: readonly string[]): string {
  return `it has ${known.join(", ") || "none"}`;
}
