import { realpathSync } from "node:fs";
import { dirname, extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Where a program finds this package, if it has it: by way of this link, pnpm's path with the version in it isn't seen. */
const installed = join("node_modules", "registry-cache");

/**
 * The path of the module of a dynamic resource's provider, from the directory that the program runs in. There, the engine also runs the provider's code, which stands in the
 * stack's state: so it can't name a directory of one machine, and the module's place stays what it is, as old states import it for `pulumi refresh` and `destroy`.
 *
 * @param url `import.meta.url` of the resource's module
 * @param name of the provider's module, from there, without its extension
 */
export function providerPath(url: string, name: string): string {
  const own = fileURLToPath(url);
  const path = join(dirname(own), `${name}${extname(own)}`);
  const inPackage = relative(packageDirectory(), path);
  return inPackage.startsWith("..") ? relative(process.cwd(), path) : join(installed, inPackage);
}

/** Of {@link installed}; where there is none, a directory that has nothing. */
function packageDirectory(): string {
  try {
    return realpathSync(installed);
  } catch {
    return installed;
  }
}
