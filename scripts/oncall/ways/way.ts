import { type DeployedRegion, endpointOf } from "../state.ts";

/** Something that leads clients to the cache. */
export interface Way {
  /** A line: `A cache.example.com 300 203.0.113.9`. */
  readonly what: string;
  /** As it is now. @throws StepError where that can't be found out: a missing zone isn't a record that is away */
  look(): Promise<Seen>;
  remove(seen: Seen): Promise<unknown>;
  restore(): Promise<unknown>;
  /** Where another program changes the record, some time after it is told. */
  readonly later?: {
    readonly program: string;
    /** Waits for the record to be away, where that can be seen. @returns a line. @throws StepError where it stays */
    gone(): Promise<string>;
  };
  /** For whoever has just done one of them. */
  readonly after: { readonly bypass: string; readonly unbypass: string };
}

export interface Seen {
  readonly there: boolean;
  /** What is there, where it isn't what the state says. */
  readonly other?: string;
  /** As the cloud has it. */
  readonly raw?: unknown;
}

export const byHand = "docs/runbooks/RegistryCacheDown.md#take-the-cache-out-of-dns";

/** @throws StepError where the stack has no outputs */
export function hostnameOf(deployed: DeployedRegion): string {
  return new URL(endpointOf(deployed)).hostname;
}

/** Of a record that a cloud keeps. @param seconds its time to live */
export function cloudAfter(seconds: number): Way["after"] {
  return {
    bypass: `Clients notice within ${minutes(seconds)}, the record's time to live, and then pull from the upstreams. \`pulumi up\` leaves the record away; with \`--refresh\`, and in a roll-out by a pipeline that refreshes, it makes it again.`,
    unbypass:
      "Clients come back within fifteen minutes, as resolvers also remember that a name doesn't exist. The record is the one in the state, so `pulumi up` has nothing to change.",
  };
}

function minutes(seconds: number): string {
  return seconds < 120 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`;
}
