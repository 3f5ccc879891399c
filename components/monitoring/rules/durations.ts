export type Durations = ReturnType<typeof durationsBy>;

/**
 * Formats the durations of rules for Prometheus.
 * @param secondsPerMinute 60. Tests use a smaller number, which shortens all durations of all rules.
 */
export function durationsBy(secondsPerMinute: number) {
  const seconds = (minutes: number) => Math.max(1, Math.round(minutes * secondsPerMinute));
  /** `90` is `1h30m`. */
  const minutes = (count: number) => {
    const all = seconds(count);
    const parts = [
      [Math.floor(all / 3600), "h"],
      [Math.floor(all / 60) % 60, "m"],
      [all % 60, "s"],
    ] as const;
    return parts.map(([amount, unit]) => (amount > 0 ? `${amount}${unit}` : "")).join("");
  };
  return { seconds, minutes, hours: (count: number) => minutes(count * 60) };
}
