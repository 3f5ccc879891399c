/** The facts of a cloud that the engine's tests need, in a table per cloud: cloud-aws.ts and cloud-azure.ts. */
import assert from "node:assert/strict";
import type { Cloud, Thing } from "../doubles/cloud.ts";
import type { Fault } from "../doubles/faults.ts";
import type { Exposure } from "./posture.ts";
import type { Config } from "./stack-files.ts";

export interface CloudCase {
  /** The stack file of the region that uses what {@link adopting} adopts. */
  readonly file: string;
  /** A double of a new account. */
  newCloud(): Cloud;
  /** Pulumi's types. */
  readonly types: { readonly machine: string; readonly disk: string; readonly secret: string };
  /** In GiB. */
  sizeOf(disk: Thing): number;
  /** A machine's user data in base64. */
  userDataOf(machine: Thing): string;
  /** The cloud's limit of user data, before base64. */
  readonly userDataLimitBytes: number;
  /** The Pods that the machines can fetch, as texts of bundleText(). */
  podsOf(cloud: Cloud): string[];
  /** The operations after a change of a region's Pod, in order, with `…` for the region. */
  readonly podChange: readonly string[];
  /** The operations after a change of everything that can change in place, sorted, without names. */
  readonly inPlace: readonly string[];
  valueOf(secret: Thing): string;
  /** Removes the images that the machines were made from. */
  withdrawImages(cloud: Cloud): void;
  /** The operations that replace a machine, in order, with `…` for its region. */
  readonly replacement: readonly string[];
  /** The other operations that follow the replacement, sorted. */
  readonly following: readonly string[];
  /** An older image for the stack's own architecture. */
  readonly otherImage: string;
  /** A move to another availability zone, where the configuration names one. */
  readonly elsewhere?: {
    readonly region: Config;
    /** The operations of the move, in order, with `…` for the region. */
    readonly moves: readonly string[];
    /** The type whose resources all stay. */
    readonly stays: string;
  };
  /** The operations on machine and disk when the stack is destroyed, in order. */
  readonly destruction: readonly string[];
  /** Types, without package, of the resources that must exist before a machine starts. */
  readonly beforeMachine: readonly string[];
  /** The rules that the account's resources break. */
  violations(things: readonly Thing[], exposure: Exposure): string[];
  /** Faults of the cloud. An update meets all of them one after the other, because each one's resource depends on the one that failed before. */
  readonly faults: Readonly<Record<FaultName, Fault>>;
  readonly mistakes: Readonly<Record<string, Mistake>>;
  /** The facts of a region with `storage.kind: bucket`. */
  readonly bucket: BucketCase;
  /** The governance rules that a stack with its own network meets. */
  readonly governedNetwork: Config;
  /** The `governance` rules of the account of {@link adopting}. */
  readonly governed: Config;
  /** A region that adopts existing resources and is open to everyone. */
  readonly adopting: Config;
  /** Types, without package, of the resources that it doesn't create. */
  readonly adoptedTypes: readonly string[];
  /** The rules that open it, sorted. */
  readonly openings: readonly string[];
}

export interface BucketCase {
  /** Types, without package, of the resources that it creates, each once. */
  readonly types: readonly string[];
  /** The operation after a change of the number of days, with `…` for the region. */
  readonly expiry: string;
}

type FaultName =
  | "a name that is taken"
  | "too many requests"
  | "a quota that is used up"
  | "a zone without machines";

/** A mistake in a stack's file, and the messages about it. */
export interface Mistake {
  /** Project-level keys, merged over those of the file. */
  readonly keys?: Config;
  readonly region: Config;
  readonly told: readonly RegExp[];
}

/** The two mistakes that are tested with the engine: one that is found without a request, and one by the cloud's answer. test/graph/cloud-mistakes.test.ts tests the others. */
export function mistakesOfEngine(mistakes: Readonly<Record<string, Mistake>>): [string, Mistake][] {
  const found = Object.entries(mistakes).filter(([what]) => isOfEngine(what));
  assert.equal(found.length, 2);
  return found;
}

export function isOfEngine(mistake: string): boolean {
  return /^all that (?:is wrong with the text|isn't in the)/.test(mistake);
}
