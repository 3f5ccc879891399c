/** A number as it stands in a sentence, with two significant digits at least; the same on every machine. */
export function number(value: number): string {
  return value.toLocaleString("en", {
    maximumSignificantDigits: Math.max(2, Math.ceil(Math.log10(value + 1))),
  });
}

export function quantity(value: number, unit: string): string {
  return `${number(value)} ${unit}`;
}
