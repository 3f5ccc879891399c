import { globSync } from "node:fs";
import { execa } from "execa";
import { waitUntil } from "../wait.ts";

/** Removes cgroups in all hierarchies once their processes have ended. @param name their name, or the part of it before a hyphen */
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
