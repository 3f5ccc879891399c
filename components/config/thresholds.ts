import { z } from "zod";

const fraction = (value: number) => z.number().gt(0).lt(1).default(value);
const amount = (value: number) => z.number().positive().max(1_000_000).default(value);

/** When alerts fire: the value, its unit in the name, and the reason for it. */
export const thresholds = z.strictObject({
  downMinutes: amount(5).describe(
    "So long without an answer, the cache is down. A restart or a reboot takes less.",
  ),
  unreachableMinutes: amount(10).describe(
    "So long without an answer, an upstream is unreachable. Below it, cached content bridges the gap unnoticed.",
  ),
  outdatedHours: amount(8).describe(
    "So old the tags that are served may become while an upstream is unreachable. Within a working day, somebody waits for a new image.",
  ),
  busyRequestsPerMinute: amount(10).describe("From so many requests on, ratios mean something."),
  collapsedHits: fraction(0.5).describe(
    "Share of the hit ratio of the day before that must be left. New releases of everything cost less than half.",
  ),
  collapsedMinutes: amount(30).describe("So long at least: a large release is over by then."),
  errorRatio: fraction(0.05).describe(
    "Share of requests that may fail. Every failure costs a client a fallback; single ones happen with any upstream.",
  ),
  errorMinutes: amount(10).describe(
    "So long the error ratio must hold: a rate limit or a restart is over by then.",
  ),
  slowMBps: amount(1).describe(
    "Megabytes per second that a blob's transfer must reach on average. A node that pulls three layers at once then has 3 GiB in under 20 minutes.",
  ),
  slowTransfers: amount(1).describe(
    "So many transfers at a time, on average: with fewer, nobody waits for long, and small blobs, which are never fast, are done at once.",
  ),
  slowMinutes: amount(15).describe(
    "So long transfers must be slow: many nodes that start at once are done by then.",
  ),
  abuseShare: fraction(0.5).describe("Share of all traffic that one client may have."),
  abuseClients: amount(8).describe(
    "So many clients (buckets of them) must be active for a share to mean something.",
  ),
  abuseMBps: amount(10).describe(
    "Megabytes per second of one client, over an hour: 36 GB, what a dozen nodes pull in their life.",
  ),
  abuseRequestsPerSecond: amount(20).describe(
    "Requests per second of one client, over an hour. A new node makes some hundred in all.",
  ),
  diskFullReserve: fraction(0.5).describe(
    "Share of the disk's reserve that must be free. A burst of fills takes a part of it and gives it back; half is never touched.",
  ),
  diskFullMinutes: amount(10).describe(
    "So long: the cache makes room every few seconds, so it isn't the cache that is late.",
  ),
  diskFillingHours: amount(4).describe("So far ahead the disk is predicted to be full: time enough to act."),
  rootFree: fraction(0.1).describe("Share of the machine's own disk that must be free: an upgrade needs it."),
  shrunkBudget: fraction(0.8).describe(
    "Share of the largest store of the last week that must still fit. A smaller one evicts what is in use.",
  ),
  shrunkHours: amount(1).describe("So long: what is deleted meanwhile doesn't count."),
  certificateDays: amount(10).describe(
    "Days before the certificate's end. ACME renews with a third of its lifetime left (15 of 45 days, 30 of 90), the private authority at 30 days.",
  ),
  renewalHours: amount(6).describe(
    "So long renewal must fail: an outage of the authority or the DNS is over by then.",
  ),
  renewalSilenceHours: amount(26).describe("So long without a try: it's tried twice a day."),
  missingMinutes: amount(10).describe("So long a part may not answer Prometheus: a restart takes less."),
  goneHours: amount(6).describe(
    "For a central Prometheus: so long it misses a cache that it knew. A cache that was taken down on purpose is forgotten then.",
  ),
  restartsPerHour: amount(3).describe(
    "More restarts of one part are a loop: an upgrade with a reboot takes two.",
  ),
});

export type Thresholds = z.output<typeof thresholds>;
