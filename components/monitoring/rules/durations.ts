/** Writes the durations of rules as Prometheus reads them. */
export class Durations {
  private readonly secondsPerMinute: number;

  /** @param secondsPerMinute 60, but for a trial that can't wait: there, all minutes of all rules are shorter. */
  constructor(secondsPerMinute: number) {
    this.secondsPerMinute = secondsPerMinute;
  }

  seconds(minutes: number): number {
    return Math.max(1, Math.round(minutes * this.secondsPerMinute));
  }

  /** `90` is `1h30m`. */
  minutes(minutes: number): string {
    const seconds = this.seconds(minutes);
    const parts = [
      [Math.floor(seconds / 3600), "h"],
      [Math.floor(seconds / 60) % 60, "m"],
      [seconds % 60, "s"],
    ] as const;
    return parts.map(([count, unit]) => (count > 0 ? `${count}${unit}` : "")).join("");
  }

  hours(hours: number): string {
    return this.minutes(hours * 60);
  }
}
