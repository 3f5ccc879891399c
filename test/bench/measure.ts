import type { Arena } from "./arena.ts";
import type { Measurement } from "./measurement.ts";

/** Something to measure. */
export interface Measure {
  /** As on the command line, and as its file: `warm-blob`. */
  readonly name: string;
  measure(bench: Bench): Promise<Measurement[]>;
}

export interface Bench {
  /** Small sizes and few repetitions, to see that all of it works: such numbers say nothing. */
  readonly quick: boolean;
  /** The same for all measures, started when the first one asks for it. */
  arena(): Promise<Arena>;
}
