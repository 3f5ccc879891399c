import type { Problem } from "../config/problems.ts";
import { warn } from "../config/refuse.ts";
import type { LookedUp } from "./kind.ts";

/** Questions to a cloud, all of which are asked, and what is wrong with the answers. */
export class LookUp {
  readonly #problems: Problem[] = [];
  readonly #warnings: Problem[] = [];

  /** Sorted, as the answers come in any order. */
  get problems(): readonly Problem[] {
    return this.#problems.toSorted((one, other) => one.path.localeCompare(other.path));
  }

  /** What can be made, but isn't as the configuration seems to mean it. Sorted like {@link problems}. */
  get warnings(): readonly Problem[] {
    return this.#warnings.toSorted((one, other) => one.path.localeCompare(other.path));
  }

  /** @param path of the entry, relative to the region, that the answer is about. */
  warn(path: string, message: string): void {
    this.#warnings.push({ path, message });
  }

  /** @param path of the entry, relative to the region, that the answer is about. */
  refuse(path: string, message: string): undefined {
    this.#problems.push({ path, message });
  }

  /**
   * What the cloud has of what the configuration names.
   * @param name as a person says it: `the hosted zone example.com`
   * @returns undefined, and a problem more, when there is none or the cloud doesn't say.
   */
  async ask<Answer>(path: string, name: string, answer: Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await answer;
    } catch (error) {
      return this.refuse(path, `${name} can't be found: ${reasonOf(error as Error)}`);
    }
  }

  /**
   * That a zone has no record of the endpoint's name but the stack's own. Without an answer, nothing is told: the update says it.
   * @param record as a person says it: `the A record of cache.example.com`
   */
  async askForFreeName(record: string, exists: Promise<boolean>): Promise<void> {
    const isThere = await exists.catch(() => false);
    if (!isThere || isAdopting) return;
    this.refuse(
      "endpoint.hostname",
      `${record} already exists and isn't this stack's: choose another name, or delete the record if nothing uses it. If the stack's state is lost: docs/day-2.md#the-state-is-lost`,
    );
  }

  /**
   * That the cloud has nothing of a name that the stack would use; otherwise there is a problem more.
   * @param name as a person says it: `the bucket example`
   * @param isMissing whether an error says so.
   * @param unknown what is to be said, after the name, where it says something else.
   * @param wayOut what to do where there is something.
   */
  async askForNothing(
    path: string,
    name: string,
    answer: Promise<unknown>,
    {
      isMissing,
      unknown,
      wayOut = "delete it, or take it over by `pulumi import`",
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
 * Asks all that there is to ask about a region.
 * @param ask gives undefined where there is a problem.
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

/** Of a failed function of a provider, without what Pulumi says around it. */
export function reasonOf({ message }: Error): string {
  return message.replace(/^invocation of \S+ returned an error: (?:invoking \S+: )?/, "").trim();
}

/** Whether it is `npm run adopt` that asks (docs/day-2.md#the-state-is-lost): what is there already is then this stack's, whose state is lost. */
export const isAdopting = process.env.REGISTRY_CACHE_ADOPTING === "true";
