/** A number as it stands in a sentence, with two significant digits at least; the same on every machine. */
export function number(value: number): string {
  const digits = Math.max(2, Math.ceil(Math.log10(value + 1)));
  let format = formats.get(digits);
  if (!format) {
    format = new Intl.NumberFormat("en", { maximumSignificantDigits: digits });
    formats.set(digits, format);
  }
  return format.format(value);
}

/** Making one takes far longer than using it, and a plan is made of many numbers. */
const formats = new Map<number, Intl.NumberFormat>();

export function quantity(value: number, unit: string): string {
  return `${number(value)} ${unit}`;
}

export function capitalized(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** The texts that are there: a condition that doesn't hold, in the place of a text, leaves it out. */
export function texts(...all: readonly (string | false | undefined)[]): string[] {
  return all.filter((text) => typeof text === "string");
}
