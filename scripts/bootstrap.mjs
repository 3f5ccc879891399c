// Installs the npm dependencies, including the Node that runs everything else. npm runs this before its scripts and after
// an installation, with any Node that the machine has. So this file is plain JavaScript for Node 20, and imports no npm packages.
import { spawnSync } from "node:child_process";
import { existsSync, statSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
/**
 * The first version of Node with all that the scripts use: TypeScript without a flag, `await using`, and `mkdtempDisposable`. The npm package
 * itself needs less: see `engines` in package.json.
 */
const minimum = [24, 4];

checkPlace();
if (!isInstalled()) install();
linkNode();
checkNode();

function checkPlace() {
  if (process.platform === "win32") {
    fail(
      "Checking the operating system",
      "the commands of this project don't run on Windows itself",
      "use WSL2 (https://learn.microsoft.com/windows/wsl/install), and clone the project into WSL2's own file system",
    );
  }
  // Pulumi's states import modules by this path, and an import reads it as a URL: components/hosts/dynamic-resource.ts.
  if (/[#?%]/.test(root)) {
    fail(
      "Checking the project's directory",
      `the path contains #, ? or %: ${root}`,
      "move the clone to a path without these characters",
    );
  }
}

/** npm writes node_modules/.package-lock.json last, so an interrupted installation doesn't count as installed. */
function isInstalled() {
  const installed = join(root, "node_modules", ".package-lock.json");
  return (
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs
  );
}

function install() {
  const start = performance.now();
  console.error("  Installing the npm dependencies … (a minute or two)");
  // Prefers the npm that runs this script, because there may be no other on PATH.
  const { npm_execpath: npm } = process.env;
  const [file, ...args] = npm ? [process.execPath, npm] : ["npm"];
  const { status, error, stderr } = spawnSync(file, [...args, "ci", "--ignore-scripts"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) {
    // The first error lines say what went wrong. npm's usage and stack traces are left out.
    const errors = `${stderr ?? ""}`.split("\n").filter((line) => /^npm error (?! +at )/.test(line));
    fail(
      "Installing the npm dependencies",
      error?.message ?? `npm ci ended with ${status}\n${errors.slice(0, 10).join("\n")}`,
      "make sure that the npm registry can be reached (npm ping). If it needs a token, set it in your user's .npmrc. Then run " +
        "the same command again",
    );
  }
  console.error(`✓ Installing the npm dependencies (${Math.round((performance.now() - start) / 1000)} s)`);
}

/** npm 9 to 11.0 skip the other platforms' packages and then remove what would be their link, which is this platform's, too. */
function linkNode() {
  const bin = join(root, "node_modules", ".bin");
  const program = join("..", `node-${process.platform}-${process.arch}`, "bin", "node");
  if (existsSync(join(bin, "node")) || !existsSync(join(bin, program))) return;
  try {
    symlinkSync(program, join(bin, "node"));
  } catch (error) {
    // Another script has just done it.
    if (error.code !== "EEXIST") throw error;
  }
}

/** npm puts the installed Node first on PATH. Without a package for the platform, the scripts run under the machine's own. */
function checkNode() {
  const { stdout, error } = spawnSync("node", ["--version"], { encoding: "utf8" });
  const [, major, minor] = stdout?.match(/^v(\d+)\.(\d+)/)?.map(Number) ?? [];
  if (major > minimum[0] || (major === minimum[0] && minor >= minimum[1])) return;
  fail(
    `Finding a Node of version ${minimum.join(".")} or newer`,
    `npm's scripts find ${stdout?.trim() || `none: ${error?.message}`}`,
    "npm installs one on Linux with x64 or arm64, unless npm config get omit says optional: change that, remove node_modules, " +
      "and run the same command again. Elsewhere, install Node " +
      `${minimum.join(".")} or newer`,
  );
}

function fail(step, cause, wayOut) {
  const indent = (text) => text.split("\n").join("\n           ");
  console.error(`✗ ${step} failed.\n  cause:   ${indent(cause)}\n  way out: ${indent(wayOut)}`);
  process.exit(1);
}
