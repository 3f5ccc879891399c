/**
 * Round numbers from 0 to at least `most`, evenly spaced: what an axis shows.
 * @param most over 0
 * @param wanted about how many steps
 */
export function ticks(most: number, wanted: number): number[] {
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, index) => index * step);
}
