/** What the tests of the engine have to know of a cloud: a table per cloud, cloud-aws.ts and cloud-azure.ts. */
import assert from "node:assert/strict";
import type { Cloud, Thing } from "../doubles/cloud.ts";
import type { Fault } from "../doubles/faults.ts";
import type { Exposure } from "./posture.ts";
import type { Config } from "./stack-files.ts";

export interface CloudCase {
  /** The stack file of the region in which the account has what {@link adopting} adopts. */
  readonly file: string;
  /** An account as on the first day. */
  newCloud(): Cloud;
  /** Pulumi's. */
  readonly types: { readonly machine: string; readonly disk: string; readonly secret: string };
  /** In GiB. */
  sizeOf(disk: Thing): number;
  /** What the machine boots with, base64. */
  userDataOf(machine: Thing): string;
  /** Before base64. */
  readonly userDataLimitBytes: number;
  /** What the machines find as their Pods: the texts of bundleText(). */
  podsOf(cloud: Cloud): string[];
  /** What happens where a region's Pod is another one, in this order, with `…` for the region. */
  readonly podChange: readonly string[];
  /** What happens when all that changes in place does at once, sorted, without names. */
  readonly inPlace: readonly string[];
  valueOf(secret: Thing): string;
  /** Takes away the images that the machines were made from. */
  withdrawImages(cloud: Cloud): void;
  /** What happens to a machine that is replaced, in this order, with `…` for its region. */
  readonly replacement: readonly string[];
  /** What else changes because it is another machine, sorted. */
  readonly following: readonly string[];
  /** For the stack's own architecture, and not the newest. */
  readonly otherImage: string;
  /** Another availability zone, where the configuration names one. */
  readonly elsewhere?: {
    readonly region: Config;
    /** What happens then, in this order, with `…` for the region. */
    readonly moves: readonly string[];
    /** The type of which all stays as it is. */
    readonly stays: string;
  };
  /** How machine and disk end when all of it is destroyed, in this order. */
  readonly destruction: readonly string[];
  /** What must be there before a machine starts, as types without package. */
  readonly beforeMachine: readonly string[];
  /** What there is that shouldn't be. */
  violations(things: readonly Thing[], exposure: Exposure): string[];
  /** Each is met on the way, as what it is about needs what failed before. */
  readonly faults: Readonly<Record<FaultName, Fault>>;
  readonly mistakes: Readonly<Record<string, Mistake>>;
  /** Of a region with `storage.kind: bucket`. */
  readonly bucket: BucketCase;
  /** What they ask of a stack with a network of its own. */
  readonly governedNetwork: Config;
  /** What the owners of the account ask of a stack that {@link adopting} is in: `governance`. */
  readonly governed: Config;
  /** A region that adopts what is in the account, and is open to everyone. */
  readonly adopting: Config;
  /** What isn't made then, as types without package. */
  readonly adoptedTypes: readonly string[];
  /** What is open then, sorted. */
  readonly openings: readonly string[];
}

export interface BucketCase {
  /** What is made for it, as types without package, each once. */
  readonly types: readonly string[];
  /** What another number of days changes, with `…` for the region. */
  readonly expiry: string;
}

type FaultName =
  | "a name that is taken"
  | "too many requests"
  | "a quota that is used up"
  | "a zone without machines";

/** What is wrong in a stack's file, and what must be said of it. */
export interface Mistake {
  /** Over those of the file. */
  readonly keys?: Config;
  readonly region: Config;
  readonly told: readonly RegExp[];
}

/** Two of all, which are told by the engine: before anything is asked, and by what the cloud answers. The others are in test/graph/cloud-mistakes.test.ts. */
export function mistakesOfEngine(mistakes: Readonly<Record<string, Mistake>>): [string, Mistake][] {
  const found = Object.entries(mistakes).filter(([what]) => isOfEngine(what));
  assert.equal(found.length, 2);
  return found;
}

export function isOfEngine(mistake: string): boolean {
  return /^all that (?:is wrong with the text|isn't in the)/.test(mistake);
}
