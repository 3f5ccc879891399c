import { z } from "zod";

const fraction = (value: number) => z.number().gt(0).lt(1).default(value);
const amount = (value: number) => z.number().positive().max(1_000_000).default(value);

/** When alerts fire. The name of each threshold has its unit, and the description has the reason for its default. */
export const thresholds = z.strictObject({
  downMinutes: amount(5).describe(
    "Minutes without an answer before the cache counts as down. A restart or a reboot takes less.",
  ),
  silentMinutes: amount(4).describe(
    "Minutes for which a probe from outside must wait for the cache in vain before it counts as unreachable. A reboot takes less, and the recovery of a machine longer. Where it answers in between, it counts as unreachable if more than half of the probes wait in vain, for 2.5 times as long.",
  ),
  unreachableMinutes: amount(10).describe(
    "Minutes without an answer before an upstream counts as unreachable. Cached content bridges shorter gaps unnoticed.",
  ),
  outdatedHours: amount(8).describe(
    "Hours for which an upstream may be unreachable before the tags that the cache serves count as outdated. Within a working day, somebody waits for a new image.",
  ),
  busyRequestsPerMinute: amount(10).describe("Requests per minute below which ratios mean nothing."),
  collapsedHits: fraction(0.5).describe(
    "Share of the hit ratio of the day before that must be left. New releases of everything cost less than half.",
  ),
  collapsedMinutes: amount(90).describe(
    "Minutes for which the hit ratio of the last hour must stay that low: a release that is pulled within half an hour has left that hour by then.",
  ),
  errorRatio: fraction(0.05).describe(
    "Share of requests that may fail. Every failure costs a client a fallback; single ones happen with any upstream.",
  ),
  missErrorRatio: fraction(0.5).describe(
    "Share of the requests for what isn't in the cache that may fail. In a warm cache, they are a small part of all requests.",
  ),
  failingMissesPerMinute: amount(1).describe(
    "Requests per minute for what isn't in the cache below which that share means nothing: a single image that can't be pulled is asked for less often.",
  ),
  errorMinutes: amount(10).describe(
    "Minutes for which the error ratio must hold: a rate limit or a restart is over by then.",
  ),
  slowMBps: amount(1).describe(
    "Megabytes per second that a blob's transfer must reach on average. A node that pulls three layers at once then has 3 GiB in under 20 minutes.",
  ),
  slowTransfers: amount(1).describe(
    "Transfers at a time, on average, below which slow ones don't count: then nobody waits for long, and small blobs, which are never fast, are done at once.",
  ),
  slowMinutes: amount(15).describe(
    "Minutes for which transfers must be slow: many nodes that start at once are done by then.",
  ),
  abuseShare: fraction(0.5).describe("Share of all traffic that one client may have."),
  abuseClients: amount(8).describe("Active clients (buckets of them) below which a share means nothing."),
  abuseMBps: amount(10).describe(
    "Megabytes per second of one client, over an hour: 36 GB, as much as a dozen nodes pull in their lifetime.",
  ),
  abuseRequestsPerSecond: amount(20).describe(
    "Requests per second of one client, over an hour. A new node makes a few hundred in all.",
  ),
  diskFullReserve: fraction(0.5).describe(
    "Share of the disk's reserve that must be free. A burst of fills takes a part of it and gives it back; half is never touched.",
  ),
  diskFullMinutes: amount(10).describe(
    "Minutes for which the disk must be that full. The cache makes room every few seconds, so something else fills the disk.",
  ),
  diskFillingHours: amount(4).describe("Hours until the disk is predicted to be full: time enough to act."),
  rootFree: fraction(0.1).describe("Share of the machine's own disk that must be free: an upgrade needs it."),
  shrunkBudget: fraction(0.8).describe(
    "Share of the largest store of the last week that must still fit. A smaller one evicts what is in use.",
  ),
  shrunkHours: amount(1).describe(
    "Hours for which the store must be that small: files that are deleted meanwhile don't count.",
  ),
  corruptPerHour: amount(3).describe(
    "Damaged objects per hour that the cache may find and delete. A single one is a fault on the way; more have a cause that lasts.",
  ),
  certificateDays: amount(10).describe(
    "Days before the certificate's end. ACME renews with a third of its lifetime left (15 of 45 days, 30 of 90), the private authority at 30 days.",
  ),
  renewalHours: amount(6).describe(
    "Hours for which renewal must fail: an outage of the authority or the DNS is over by then.",
  ),
  renewalSilenceHours: amount(26).describe("Hours without an attempt to renew. There are two a day."),
  missingMinutes: amount(10).describe(
    "Minutes for which a part may not answer Prometheus: a restart takes less.",
  ),
  lostLines: fraction(0.05).describe(
    "Share of the lines of the edge's log that the exporter may miss. A burst costs a few; the counts of requests, and the alerts that are made of them, are too low by these.",
  ),
  podOutdatedMinutes: amount(10).describe(
    "Minutes for which a machine may run another Pod than the configured one, or not look for it. A change takes less than one, and a few where images come slowly.",
  ),
  prefetchHours: amount(2).describe(
    "Hours for which something that is to be prefetched may be missing. At 200 Mbit/s, 90 GB come in one.",
  ),
  goneHours: amount(6).describe(
    "Hours for which a central Prometheus misses a cache that it knew. Then it forgets the cache, which may have been taken down on purpose.",
  ),
  restartsPerHour: amount(3).describe(
    "More restarts of one part are a loop: an upgrade with a reboot takes two.",
  ),
});

export type Thresholds = z.output<typeof thresholds>;
