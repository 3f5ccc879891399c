/** What a cache guarantees its clients, whatever fails behind it. */
import type { Digest } from "../../scripts/seed/content.ts";
import type { Download } from "../support/http.ts";

/**
 * The state of the run. `well`: nothing is broken, or only what no pull depends on. `upstream`: the upstream, or the part that talks to it, fails.
 * `edge`: the part that clients talk to was killed.
 * `recovering`: the fault is over, and the cache may not have noticed yet.
 */
export type Phase = "well" | "upstream" | "edge" | "recovering";

/** A phase, distinct from others of the same kind. */
export interface Moment {
  readonly phase: Phase;
  readonly count: number;
  readonly what: string;
}

export interface Blob {
  readonly repository: string;
  readonly digest: Digest;
  /** When a client last got the complete blob from the running edge, by Date.now(). */
  servedAt?: number | undefined;
  /** When a client last got a 503 that didn't repeat another client's, by Date.now(). */
  refusedAt?: number | undefined;
}

/** A client's result, or its error. */
export type Outcome = Download | { readonly error: string };

/** How long wrong bytes of the right length may be served after the upstream sent the last ones: see ADR 2. */
const corruptMs = 60_000;
/** A blob that a client got this recently is still in the cache, because the budget holds minutes of pulls. */
const keptMs = 5000;
/** nginx repeats a 503 for a silent upstream to other clients for 10 s (docs/adr/0007-silent-upstream.md), and up to a second more. */
const refusedMs = 11_000;

export class Oracle {
  /** Broken guarantees, in words. */
  readonly violations: string[] = [];
  /** Blobs of which a client got wrong bytes. */
  readonly corrupt = new Set<Blob>();
  pulls = 0;
  served = 0;
  hits = 0;
  #corruptUntil = 0;

  /** Records that the upstream has just sent wrong bytes, or may have. */
  corrupted(): void {
    this.#corruptUntil = Date.now() + corruptMs;
  }

  violate(text: string): void {
    this.violations.push(`${new Date().toISOString()} ${text}`);
  }

  /** @param before the moment in which the pull began @param after the moment in which it ended @param begun by Date.now() */
  judge(
    blob: Blob,
    outcome: Outcome,
    { before, after, begun }: { before: Moment; after: Moment; begun: number },
  ): void {
    this.pulls++;
    const why = this.#failure(blob, outcome, begun);
    if (why === undefined) return;
    const same = before.count === after.count;
    const kept = blob.servedAt !== undefined && begun - blob.servedAt < keptMs && begun > this.#corruptUntil;
    const isTold = this.#isTold(blob, outcome);
    const owed = (before.phase === "well" && !isTold) || (before.phase === "upstream" && kept);
    if (same && owed) this.violate(`${before.what}: ${kept ? "a cached" : "a"} blob failed: ${why}`);
    blob.servedAt = undefined;
  }

  /** Whether it repeats an answer that another client just got. */
  #isTold(blob: Blob, outcome: Outcome): boolean {
    if ("error" in outcome || outcome.status !== 503) return false;
    const isTold = blob.refusedAt !== undefined && Date.now() - blob.refusedAt < refusedMs;
    if (!isTold) blob.refusedAt = Date.now();
    return isTold;
  }

  #failure(blob: Blob, outcome: Outcome, begun: number): string | undefined {
    if ("error" in outcome) return outcome.error;
    if (outcome.status !== 200) return `status ${outcome.status}`;
    if (!outcome.complete) return `broken off after ${outcome.bytes} bytes`;
    if (outcome.digest !== blob.digest) {
      this.corrupt.add(blob);
      if (begun > this.#corruptUntil) this.violate(`wrong bytes of ${blob.digest}`);
      return undefined;
    }
    this.corrupt.delete(blob);
    this.served++;
    if (outcome.headers["x-cache"] === "HIT") this.hits++;
    blob.servedAt = Date.now();
    return undefined;
  }
}
