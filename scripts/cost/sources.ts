/** Where estimates come from. What can't be had is among a source's problems. */
import type { Problem } from "../../components/config/problems.ts";
import { type ProjectFiles, readStackFiles, readStackFilesAt } from "../fleet/stack-files.ts";
import { estimatesOfBackend } from "./backend.ts";
import { configurationsOf } from "./configurations.ts";
import { type Estimated, estimatesOf } from "./estimates.ts";
import type { StackRegion } from "./review.ts";

export interface Source<Region extends StackRegion = StackRegion> {
  readonly regions: readonly Region[];
  /** The names of the stacks that can't be read. */
  readonly unread: readonly string[];
  /** With paths that start with a file's or a stack's name. */
  readonly problems: readonly Problem[];
  /** A sentence each. */
  readonly notes: readonly string[];
  /** A phrase. */
  readonly origin: string;
}

export interface Scope {
  /** The project's directory. */
  readonly directory: string;
  /** The stacks that are asked for, all if there are none. */
  readonly stacks: readonly string[];
  /** `2026-11-24`. */
  readonly today: string;
  /** Told what is being done where that may take seconds. */
  readonly progress: (text: string) => void;
}

export async function fromFiles({ directory, stacks, today }: Scope): Promise<Source<Estimated>> {
  return { ...estimateAll(await readStackFiles(directory, stacks), today), origin: "the stack files" };
}

/** @param otherwise what is reported when the backend can't be reached */
export async function fromBackend(
  { directory, stacks, progress }: Scope,
  otherwise: Source,
): Promise<Source> {
  try {
    const found = await estimatesOfBackend(directory, stacks, progress);
    return { ...found, notes: [], origin: "the outputs of the stacks, as they were brought up last" };
  } catch (error) {
    const message = `the Pulumi backend can't be asked, so this is from ${otherwise.origin}: ${(error as Error).message}`;
    return { ...otherwise, problems: [...otherwise.problems, { path: "--backend", message }] };
  }
}

/** What is wrong with the base's files is a note: a change that puts it right must not fail for it. */
export async function fromRevision(
  revision: string,
  { directory, stacks, today }: Scope,
): Promise<Source<Estimated>> {
  const origin = `the stack files of ${revision}`;
  try {
    const files = await readStackFilesAt(revision, directory, stacks);
    const { regions, unread, problems } = estimateAll(files, today);
    const notes = problems.map(({ path, message }) => `${revision}: ${path}: ${message}`);
    return { regions, unread, problems: [], notes, origin };
  } catch (error) {
    return {
      regions: [],
      unread: [],
      problems: [{ path: "--base", message: (error as Error).message }],
      notes: [],
      origin,
    };
  }
}

function estimateAll(files: ProjectFiles, today: string): Omit<Source<Estimated>, "origin"> {
  const { configurations, unread, problems } = configurationsOf(files);
  const estimates = configurations.map((configuration) => estimatesOf(configuration, today));
  return {
    regions: estimates.flatMap(({ regions }) => regions),
    unread,
    problems: [...problems, ...estimates.flatMap(({ problems }) => problems)],
    notes: estimates.flatMap(({ notes }) => notes),
  };
}
