import { type DeployedRegion, endpointOf } from "../state.ts";

/** A resource that leads clients to the cache. */
export interface Way {
  /** One line: `A cache.example.com 300 203.0.113.9`. */
  readonly what: string;
  /** The present state. @throws StepError if it can't be found out. A missing zone doesn't count as a removed record. */
  look(): Promise<Seen>;
  remove(seen: Seen): Promise<unknown>;
  restore(): Promise<unknown>;
  /** Set if another program changes the record some time after it is told to. */
  readonly later?: {
    readonly program: string;
    /** Waits until the record is removed, if that can be seen. @returns a line to print. @throws StepError if the record stays */
    gone(): Promise<string>;
  };
  /** What to tell the user after each action. */
  readonly after: { readonly bypass: string; readonly unbypass: string };
}

export interface Seen {
  readonly there: boolean;
  /** The present record, if it differs from the state. */
  readonly other?: string;
  /** The record in the cloud's format. */
  readonly raw?: unknown;
}

export const byHand = "docs/runbooks/RegistryCacheDown.md#take-the-cache-out-of-dns";

/** @throws StepError if the region has no outputs */
export function hostnameOf(deployed: DeployedRegion): string {
  return new URL(endpointOf(deployed)).hostname;
}

/** Texts for a record in a cloud's zone. @param seconds the record's TTL */
export function cloudAfter(seconds: number): Way["after"] {
  return {
    bypass: `Clients notice within ${minutes(seconds)}, the record's time to live, and then pull from the upstreams. \`pulumi up\` leaves the record away; with \`--refresh\`, also in a pipeline that refreshes, it creates the record again.`,
    unbypass:
      "Clients come back within fifteen minutes, as resolvers also remember that a name doesn't exist. The record is the one in the state, so `pulumi up` has nothing to change.",
  };
}

function minutes(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
