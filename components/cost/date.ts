/** Today's date in UTC, like `2026-11-24`. Read it once and hand it on, so that all that depends on it sees the same day. */
export function currentDate(): string {
  return new Date().toISOString().slice(0, 10);
}
