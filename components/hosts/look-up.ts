import type { Problem } from "../config/problems.ts";
import { warn } from "../config/refuse.ts";
import type { LookedUp } from "./kind.ts";

const takeOver = "docs/day-2.md#take-over-existing-resources";

/** What the user can do if another record is where an ACME challenge is answered. */
export const challengeWayOut = "choose another name or another `tls.mode`";

/** Collects the problems that a cloud's answers reveal. One problem doesn't stop the other questions. */
export class LookUp {
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];

  /** Sorted by path, because answers arrive in any order. */
  get problems(): readonly Problem[] {
    return this.#problems.toSorted((one, other) => one.path.localeCompare(other.path));
  }

  /** The region can be created, but the result probably isn't what the user wants. Sorted like {@link problems}. */
  get warnings(): readonly Problem[] {
    return this.#warnings.toSorted((one, other) => one.path.localeCompare(other.path));
  }

  /** @param path of the configuration entry that the answer is about, relative to the region */
  warn(path: string, message: string): void {
    this.#warnings.push({ path, message });
  }

  /** @param path of the configuration entry that the answer is about, relative to the region */
  refuse(path: string, message: string): undefined {
    this.#problems.push({ path, message });
  }

  /**
   * Waits for the cloud's answer about something that the configuration names.
   * @param name as users would write it: `the hosted zone example.com`
   * @returns undefined, after adding a problem, if it doesn't exist or the cloud gives no answer
   */
  async ask<Answer>(path: string, name: string, answer: Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await answer;
    } catch (error) {
      return this.refuse(path, `${name} can't be found: ${reasonOf(error as Error)}`);
    }
  }

  /**
   * Adds a problem if a record's name isn't free for a region. Asks only if no region of this stack has the record yet. A failed question adds a warning.
   * @param record.owners the stack's regions that have the record
   * @param record.wayOut what the user can do if something uses the record
   */
  async askForFreeName(
    { name: region, endpoint: { hostname } }: { name: string; endpoint: { hostname: string } },
    {
      name,
      owners,
      exists,
      wayOut = "choose another name",
    }: { name: string; owners: readonly string[]; exists(): Promise<boolean>; wayOut?: string | undefined },
  ): Promise<boolean> {
    const [other] = owners;
    if (owners.includes(region)) return true;
    if (other !== undefined) {
      const message = `${hostname} is still the host name of this stack's region ${other}: give that region another host name, or remove it, in an update of its own first`;
      this.refuse("endpoint.hostname", message);
      return false;
    }
    const isThere = await exists().catch((error: Error) => {
      this.warn("endpoint.hostname", `can't check whether a record of ${name} exists: ${reasonOf(error)}`);
      return false;
    });
    if (!isThere || isAdopting) return true;
    this.refuse(
      "endpoint.hostname",
      `a record of ${name} already exists and isn't this stack's: ${wayOut}, delete the record if nothing uses it, or take it over (${takeOver}). If the stack's state is lost: docs/day-2.md#the-state-is-lost`,
    );
    return false;
  }

  /**
   * Adds a problem if a zone delegates a host name, or a name above it, to other name servers. The zone's records of the host name have no effect then.
   * @param path of the configuration entry that names the zone, relative to the region
   * @param delegated the names of the zone's NS records
   */
  refuseDelegated(path: string, zone: string, hostname: string, delegated: readonly string[]): void {
    // The delegation that is nearest to the zone has an effect.
    const name = namesBelow(zone, hostname).findLast((it) => delegated.includes(it));
    if (name === undefined) return;
    this.refuse(
      path,
      `the zone ${zone} delegates ${name} to other name servers, so no resolver finds its records of ${hostname}: name the zone ${name}`,
    );
  }

  /**
   * Adds a problem if the cloud already has a resource with a name that this stack would use.
   * @param name as users would write it: `the bucket example`
   * @param isMissing whether an error means that there is no such resource
   * @param unknown what follows the name in the message of any other error
   * @param wayOut what the user can do if the resource exists
   */
  async askForNothing(
    path: string,
    name: string,
    answer: Promise<unknown>,
    {
      isMissing,
      unknown,
      wayOut = `delete it, or take it over: ${takeOver}`,
    }: { isMissing(error: Error): boolean; unknown: string; wayOut?: string },
  ): Promise<boolean> {
    try {
      await answer;
    } catch (error) {
      if (isMissing(error as Error)) return true;
      this.refuse(path, `${name} ${unknown}: ${reasonOf(error as Error)}`);
      return false;
    }
    if (isAdopting) return true;
    this.refuse(path, `${name} already exists and isn't this stack's: ${wayOut}`);
    return false;
  }
}

/**
 * Runs all of a region's questions to the provider. Logs the warnings.
 * @param ask returns undefined if it found a problem
 */
export async function lookUpRegion<Found extends object>(
  region: { readonly name: string },
  ask: (lookUp: LookUp) => Promise<Found | undefined>,
): Promise<LookedUp<Found>> {
  const lookUp = new LookUp();
  const found = await ask(lookUp);
  const { problems, warnings } = lookUp;
  warn(warnings, region.name);
  return found === undefined || problems.length > 0 ? { problems } : { found, problems };
}

/** The message of a failed provider function, without the prefix that Pulumi adds. */
export function reasonOf({ message }: Error): string {
  return message.replace(/^invocation of \S+ returned an error: (?:invoking \S+: )?/, "").trim();
}

/** Whether `npm run adopt` runs this program. It takes over existing resources, so they belong to this stack: docs/day-2.md. */
export const isAdopting = process.env.REGISTRY_CACHE_ADOPTING === "true";

/** A host name in a zone, and the names between it and the zone, from the host name up. */
export function namesBelow(zone: string, hostname: string): string[] {
  const labels = hostname.toLowerCase().split(".");
  return labels
    .map((_, index) => labels.slice(index).join("."))
    .filter((name) => name.endsWith(`.${zone.toLowerCase()}`));
}
