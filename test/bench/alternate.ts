import type { ContestantName } from "./measurement.ts";
import { progress } from "./report.ts";

/**
 * Measures each contestant once in each repetition, alternately forwards and backwards, so that none always follows the same other.
 * @param prepare before each repetition
 * @returns the series of one of the measured values
 */
export async function alternate<
  Prepared,
  Value extends string,
  Contestant extends { readonly name: ContestantName },
>(options: {
  what: string;
  contestants: readonly Contestant[];
  repetitions: number;
  prepare?: () => Promise<Prepared>;
  measure(contestant: Contestant, prepared: Prepared): Promise<Record<Value, number>>;
}): Promise<(value: Value) => Partial<Record<ContestantName, number[]>>> {
  const { what, contestants, repetitions, prepare, measure } = options;
  const measured: { name: ContestantName; values: Record<Value, number> }[] = [];
  for (let repetition = 1; repetition <= repetitions; repetition++) {
    const prepared = (await prepare?.()) as Prepared;
    for (const contestant of repetition % 2 === 0 ? contestants.toReversed() : contestants) {
      progress(`${what}: ${contestant.name}, ${repetition} of ${repetitions}`);
      measured.push({ name: contestant.name, values: await measure(contestant, prepared) });
    }
  }
  return (value) =>
    Object.fromEntries(
      contestants.map(({ name }) => [
        name,
        measured.filter((one) => one.name === name).map(({ values }) => values[value]),
      ]),
    );
}
