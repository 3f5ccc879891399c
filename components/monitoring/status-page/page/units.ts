/** Formats amounts for people. A dash stands for a missing number. */

const none = "–";

function written(value: number | undefined, write: (value: number) => string): string {
  return value === undefined || !Number.isFinite(value) ? none : write(value);
}

/** Decimal units: `20.0 MB`. */
export function bytes(value: number | undefined): string {
  return written(value, (amount) => {
    const units = ["kB", "MB", "GB", "TB", "PB"];
    if (Math.abs(amount) < 999.5) return `${Math.round(amount)} B`;
    let rest = amount / 1000;
    while (Math.abs(rest) >= 999.95 && units.length > 1) {
      rest /= 1000;
      units.shift();
    }
    return `${rest.toFixed(1)} ${units[0]}`;
  });
}

export function bytesPerSecond(value: number | undefined): string {
  return written(value, (amount) => `${bytes(amount)}/s`);
}

/** @param value a fraction: 1 is 100 % */
export function percent(value: number | undefined): string {
  return written(value, (share) => `${(100 * share).toFixed(1)} %`);
}

/** @param value a number, possibly with a fraction, because Prometheus extrapolates */
export function count(value: number | undefined): string {
  return written(value, (amount) => Math.round(amount).toLocaleString("en-US"));
}

/** The time that one operation takes: `5.2 ms`, `48 ms`, `2.50 s`. */
export function seconds(value: number | undefined): string {
  return written(value, (time) => {
    const milliseconds = 1000 * time;
    if (milliseconds < 9.95) return `${milliseconds.toFixed(1)} ms`;
    if (milliseconds < 999.5) return `${milliseconds.toFixed(0)} ms`;
    if (time < 9.995) return `${time.toFixed(2)} s`;
    return time < 99.95 ? `${time.toFixed(1)} s` : duration(time);
  });
}

/** The time that a state lasts, in its two largest units: `3 d 4 h`. */
export function duration(value: number | undefined): string {
  return written(value, (time) => {
    const units = [
      ["d", 86_400],
      ["h", 3600],
      ["min", 60],
      ["s", 1],
    ] as const;
    const first = units.findIndex(([, size]) => Math.abs(time) >= size);
    if (first < 0) return "0 s";
    let rest = Math.round(Math.abs(time));
    const parts = units.slice(first, first + 2).map(([unit, size]) => {
      const amount = Math.floor(rest / size);
      rest -= amount * size;
      return amount > 0 ? `${amount} ${unit}` : "";
    });
    return parts.filter(Boolean).join(" ");
  });
}

/**
 * A time in the reader's time zone: `14:05`, on another day `27 Nov, 14:05`, in another year `27 Nov 2027`.
 * @param at Unix time
 * @param now Unix time
 */
export function clock(at: number, now: number): string {
  const [date, today] = [at, now].map((time) => new Date(1000 * time)) as [Date, Date];
  const time = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  if (date.toDateString() === today.toDateString()) return time;
  const day = date.toLocaleDateString("en-GB", { day: "numeric", month: "short" });
  const year = date.getFullYear();
  return year === today.getFullYear() ? `${day}, ${time}` : `${day} ${year}`;
}
