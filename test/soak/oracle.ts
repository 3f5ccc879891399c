/** What a cache owes its clients, whatever happens behind it. */
import type { Digest } from "../../scripts/seed/content.ts";
import type { Download } from "../support/http.ts";

/**
 * What is going on. `well`: nothing is broken, or only what no pull depends on. `upstream`: the upstream, or what speaks with it, fails. `edge`: what clients speak with was killed.
 * `recovering`: the fault is over, and the cache may not have noticed yet.
 */
export type Phase = "well" | "upstream" | "edge" | "recovering";

/** A phase, told apart from others of the same kind. */
export interface Moment {
  readonly phase: Phase;
  readonly count: number;
  readonly what: string;
}

export interface Blob {
  readonly repository: string;
  readonly digest: Digest;
  /** When a client last had the whole of it from the edge that still runs, by Date.now(). */
  servedAt?: number | undefined;
  /** When a client was last told 503 that wasn't told to another one before, by Date.now(). */
  refusedAt?: number | undefined;
}

/** What a client got, or why it got nothing. */
export type Outcome = Download | { readonly error: string };

/** How long wrong bytes of the right length may be passed on after the upstream has sent the last ones: see ADR 2. */
const corruptMs = 60_000;
/** What a client had so recently is still in the cache: the budget holds minutes of pulls. */
const keptMs = 5000;
/** Of what the upstream was silent for, nginx tells the others 503 for 10 s, too (docs/adr/0007-silent-upstream.md), and adds up to a second. */
const refusedMs = 11_000;

export class Oracle {
  /** What must not have happened, in words. */
  readonly violations: string[] = [];
  /** Blobs of which a client got wrong bytes. */
  readonly corrupt = new Set<Blob>();
  pulls = 0;
  served = 0;
  hits = 0;
  #corruptUntil = 0;

  /** The upstream has just sent wrong bytes, or may have. */
  corrupted(): void {
    this.#corruptUntil = Date.now() + corruptMs;
  }

  violate(text: string): void {
    this.violations.push(`${new Date().toISOString()} ${text}`);
  }

  /** @param before @param after the moments in which the pull began and ended @param begun by Date.now() */
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

  /** Whether it is what another client was told just before. */
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
