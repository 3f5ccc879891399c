export type Durations = ReturnType<typeof durationsBy>;

/**
 * Writes the durations of rules as Prometheus reads them.
 * @param secondsPerMinute 60, but for a trial that can't wait: there, all minutes of all rules are shorter.
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
