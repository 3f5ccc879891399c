/** Formats a number for a sentence, with at least two significant digits, independently of the machine's locale. */
export function number(value: number): string {
  const digits = Math.max(2, Math.ceil(Math.log10(value + 1)));
  let format = formats.get(digits);
  if (!format) {
    format = new Intl.NumberFormat("en", { maximumSignificantDigits: digits });
    formats.set(digits, format);
  }
  return format.format(value);
}

/** Caches formatters, because creating one takes far longer than using it, and a plan has many numbers. */
const formats = new Map<number, Intl.NumberFormat>();

/** A number with its unit, for a sentence: `200 GiB`. */
export function quantity(value: number, unit: string): string {
  return `${number(value)} ${unit}`;
}

export function capitalized(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}

/** Filters out `false` and `undefined`, so that a text can depend on a condition: `condition && text`. */
export function texts(...all: readonly (string | false | undefined)[]): string[] {
  return all.filter((text) => typeof text === "string");
}
