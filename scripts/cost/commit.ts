import { execa } from "execa";

/** The commit that a project directory is at, in git. */
export interface Commit {
  /** Empty where no branch is checked out. */
  readonly branch: string;
  readonly sha: string;
  readonly authorName: string;
  readonly authorEmail: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  /** Its first line. */
  readonly message: string;
}

/** @returns undefined where the directory is in no repository, or in one without a commit. */
export async function headCommit(directory: string): Promise<Commit | undefined> {
  const git = (...args: string[]) => execa("git", args, { cwd: directory, reject: false });
  const [shown, { stdout: branch = "" }] = await Promise.all([
    git("show", "--no-patch", "--format=%H%x00%an%x00%ae%x00%cI%x00%s", "HEAD"),
    git("branch", "--show-current"),
  ]);
  if (shown.failed) return undefined;
  const [sha = "", authorName = "", authorEmail = "", time = "", message = ""] = shown.stdout.split("\0");
  return { branch, sha, authorName, authorEmail, time: new Date(time).toISOString(), message };
}
