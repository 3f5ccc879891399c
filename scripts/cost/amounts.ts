const withSign = new Intl.NumberFormat("en-US", {
  style: "currency",
  currency: "USD",
  signDisplay: "exceptZero",
});

/** A difference with its sign: `+$57.90`, `-$0.50`, `$0.00`. */
export function change(amount: number): string {
  return withSign.format(amount);
}

/** A number with few decimals if it is small, and with none if it is large. */
export function quantity(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: value >= 1000 ? 0 : value >= 1 ? 2 : 4 });
}

export function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}
