import type { Arena } from "./arena.ts";
import type { Measurement } from "./measurement.ts";

/** Something to measure. */
export interface Measure {
  /** The name on the command line, and of its file: `warm-blob`. */
  readonly name: string;
  measure(bench: Bench): Promise<Measurement[]>;
}

export interface Bench {
  /** Uses small sizes and few repetitions, to test that everything works. The numbers mean nothing. */
  readonly quick: boolean;
  /** The arena for all measures. The first call starts it. */
  arena(): Promise<Arena>;
}
