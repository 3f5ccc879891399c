import { closest, distance } from "fastest-levenshtein";

/** One thing that is wrong in a stack's configuration. */
export interface Problem {
  /** Where, as one would write it for YAML: `regions[0].endpoint.hostname`. */
  readonly path: string;
  /** What is wrong and the way out. Never holds a secret's value. */
  readonly message: string;
}

/** What is said below the problems that a check finds, of the checks that come after it and need a configuration without problems. */
export const moreMayFollow = {
  values: "More may follow: all else is checked after these are corrected.",
  preflight: "More may follow: regions, sizes and limits are checked after these are corrected.",
  lookUp: "More may follow: what the provider has is checked after these are corrected.",
} as const;

/** Everything that one check finds wrong with a stack's configuration, in the order of the file where possible. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  /** @param note said below the problems: see {@link moreMayFollow} */
  constructor(problems: readonly Problem[], note?: string) {
    const count = problems.length === 1 ? "a problem" : `${problems.length} problems`;
    const lines = problems.map(({ path, message }) => `  ${path}: ${message}`);
    super([`The stack configuration has ${count}:`, ...lines, ...(note ? [note] : [])].join("\n"));
    this.name = "ConfigError";
    this.problems = problems;
  }
}

/** One where something is wrong. */
export function problemIf(isWrong: boolean, path: string, message: string): Problem[] {
  return isWrong ? [{ path, message }] : [];
}

/** Problems of a part as problems of the whole. */
export function within(path: string, problems: readonly Problem[]): Problem[] {
  return problems.map((problem) => ({ ...problem, path: `${path}.${problem.path}` }));
}

/** Problems of each region, in the order of the stack's regions, as problems of the stack. What several regions say of a block that is the stack's is said once. */
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

/** "did you mean" for a misspelt word, or undefined if nothing known is near. */
export function suggestion(word: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const nearest = closest(word, [...known]);
  return distance(word, nearest) <= Math.max(2, word.length / 3) ? nearest : undefined;
}

/** The way out where a name is none of those known. @param otherwise what to say where nothing known is near */
export function hint(word: string, known: readonly string[], otherwise = itHas(known)): string {
  const nearest = suggestion(word, known);
  return nearest === undefined ? otherwise : `did you mean "${nearest}"?`;
}

/** What there is to choose from. */
export function itHas(known: readonly string[]): string {
  return `it has ${known.join(", ") || "none"}`;
}
