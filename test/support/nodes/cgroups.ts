import { globSync } from "node:fs";
import { execa } from "execa";
import { waitUntil } from "../wait.ts";

/** Removes cgroups whose processes have ended, or are about to, in all hierarchies. @param name their name, or its part before a hyphen */
export async function removeGroups(name: string): Promise<void> {
  const found = () => globSync([`/sys/fs/cgroup/*/${name}`, `/sys/fs/cgroup/*/${name}-*`]);
  await waitUntil(`the cgroups of ${name} are gone`, async () => {
    const directories = found();
    if (directories.length > 0) {
      await execa("find", [...directories, "-depth", "-type", "d", "-exec", "rmdir", "{}", "+"], {
        reject: false,
      });
    }
    return found().length === 0;
  });
}
