/** Runs the node check in the two shells that nodes and images have. */
import assert from "node:assert/strict";
import { symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { ensureDebianTree } from "../../../scripts/setup/from-source/debian.ts";
import { tempDir } from "../scope.ts";

export interface Checked {
  readonly exitCode: number;
  /** The output without its first line and times: `ok connect 127.0.0.1`. */
  readonly lines: readonly string[];
}

/** Applets of BusyBox that the check needs, in addition to curl. */
const applets = ["sh", "sed", "tr", "head", "tail", "cut", "sort", "sha256sum", "uname", "date", "printf"];

/** Runs the check as `… | sh -s -- IMAGE…` does. Throws unless it finds the same in both shells. */
export async function nodeCheck(script: string, ...images: readonly string[]): Promise<Checked> {
  await using bin = await tempDir();
  const busybox = join(await ensureDebianTree(), "usr/bin/busybox");
  for (const applet of applets) await symlink(busybox, join(bin.path, applet));
  await symlink("/usr/bin/curl", join(bin.path, "curl"));
  const run = async (shell: string, path: string): Promise<Checked> => {
    const options = { input: script, env: { PATH: path }, extendEnv: false, reject: false, timeout: 60_000 };
    const { exitCode, stdout, stderr } = await execa(shell, ["-s", "--", ...images], options);
    // Only a check that can't run writes to standard error.
    if (exitCode === 4) return { exitCode, lines: stderr.split("\n") };
    assert.equal(stderr, "");
    const lines = stdout
      .split("\n")
      .map((line) => line.replace(/ +(?:\d+|-) ms/, "").replaceAll(/ {2,}/g, " "));
    return { exitCode: exitCode ?? -1, lines: lines.slice(1) };
  };
  const [dash, ash] = await Promise.all([
    run("/usr/bin/dash", "/usr/bin:/bin"),
    run(join(bin.path, "sh"), bin.path),
  ]);
  const found = ({ exitCode, lines }: Checked) => [exitCode, lines.map((line) => line.split(" ", 2))];
  assert.deepEqual(found(ash), found(dash));
  return dash;
}
