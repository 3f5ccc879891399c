import { z } from "zod";
import { defaultCertificateDays, defaultPodOutdatedMinutes } from "./default-thresholds.ts";

const fraction = (value: number) => z.number().gt(0).lt(1).default(value);
const amount = (value: number) => z.number().positive().max(1_000_000).default(value);

/** When alerts fire. The name of each threshold has its unit, and the description has the reason for its default where it isn't obvious. */
export const thresholds = z.strictObject({
  downMinutes: amount(5).describe(
    "Minutes without an answer before the cache counts as down. A restart or a reboot takes less. If only some probes fail: more than half of them in twice as many minutes.",
  ),
  silentMinutes: amount(4).describe(
    "Minutes in which a probe from outside gets no answer before the cache counts as unreachable. A reboot takes less. If only some probes fail: more than half of them in 2.5 times as many minutes.",
  ),
  unreachableMinutes: amount(10).describe(
    "Minutes without an answer before an upstream counts as unreachable. Cached content bridges shorter gaps. If only some probes fail: more than half of them in twice as many minutes.",
  ),
  outdatedHours: amount(8).describe(
    "Hours without an upstream before the tags that the cache serves count as outdated.",
  ),
  busyRequestsPerMinute: amount(10).describe("Requests per minute below which ratios don't count."),
  collapsedHits: fraction(0.5).describe(
    "Minimum hit ratio, as a share of the last week's median. A new release of all images costs less than half.",
  ),
  collapsedMinutes: amount(90).describe(
    "Minutes for which the hit ratio of the last hour must stay below `collapsedHits`. A release that is pulled within half an hour doesn't count.",
  ),
  errorRatio: fraction(0.05).describe(
    "Share of requests that may fail. Single failures happen with any upstream.",
  ),
  missErrorRatio: fraction(0.5).describe(
    "Share of misses that may fail: requests for content that isn't in the cache.",
  ),
  failingMissesPerMinute: amount(1).describe(
    "Misses per minute below which `missErrorRatio` doesn't count. A single broken image causes fewer.",
  ),
  errorMinutes: amount(10).describe(
    "Minutes for which the error ratio must stay above its limit. A rate limit or a restart takes less.",
  ),
  slowMBps: amount(1).describe(
    "Megabytes per second that a transfer must reach on average. With three at a time, a node pulls 3 GiB in under 20 minutes.",
  ),
  slowTransfers: amount(1).describe("Concurrent transfers, on average, below which slow ones don't count."),
  slowMinutes: amount(15).describe(
    "Minutes for which transfers must be slow. A start of many nodes takes less.",
  ),
  abuseShare: fraction(0.5).describe("Share of all traffic that one client may have."),
  abuseClients: amount(8).describe(
    "Active clients (groups of addresses) below which `abuseShare` doesn't count.",
  ),
  abuseMBps: amount(10).describe(
    "Megabytes per second of one client, over an hour: 36 GB, as much as a dozen nodes pull.",
  ),
  abuseRequestsPerSecond: amount(20).describe(
    "Requests per second of one client, over an hour. A new node sends a few hundred in total.",
  ),
  diskFullReserve: fraction(0.5).describe(
    "Share of the disk's reserve that must be free. A burst of fills uses less than half.",
  ),
  diskFullMinutes: amount(5).describe(
    "Minutes for which less than `diskFullReserve` or `rootFree` must be free. The cache itself makes room within seconds.",
  ),
  diskFillingHours: amount(4).describe("Hours until the disk is predicted to be full: time enough to act."),
  rootFree: fraction(0.1).describe("Share of the machine's own disk that must be free: an upgrade needs it."),
  shrunkBudget: fraction(0.8).describe("Share of the largest store of the last week that must still fit."),
  shrunkHours: amount(1).describe("Hours for which the store must stay below `shrunkBudget`."),
  corruptPerHour: amount(3).describe(
    "Damaged objects per hour that the cache may find and delete. More have a lasting cause.",
  ),
  certificateDays: amount(defaultCertificateDays).describe(
    "Days before the certificate's end. ACME renews with a third of its lifetime left (15 of 45 days, 30 of 90), the private authority at 30 days.",
  ),
  renewalHours: amount(6).describe(
    "Hours for which renewal must fail. An outage of the authority or the DNS takes less.",
  ),
  renewalSilenceHours: amount(26).describe("Hours without an attempt to renew. There are two a day."),
  missingMinutes: amount(10).describe(
    "Minutes for which a part may not answer Prometheus: a restart takes less.",
  ),
  lostLines: fraction(0.05).describe(
    "Share of the edge's log lines that the exporter may miss or not understand. Counts of requests, and their alerts, lack these.",
  ),
  podOutdatedMinutes: amount(defaultPodOutdatedMinutes).describe(
    "Minutes for which a machine may run another Pod than the configured one, or not look for it. A change takes less, even if images arrive slowly.",
  ),
  prefetchHours: amount(2).describe(
    "Hours for which content of the prefetch list may be missing. At 200 Mbit/s, 90 GB arrive in one hour.",
  ),
  goneHours: amount(72).describe(
    "Hours for which a central Prometheus alerts about a missing cache that it knows only by remote write. This is longer than a weekend, but the cache may have been taken down on purpose.",
  ),
  restartsPerHour: amount(3).describe(
    "Restarts of one part per hour above which they count as a loop. An upgrade with a reboot takes two.",
  ),
});

export type Thresholds = z.output<typeof thresholds>;
