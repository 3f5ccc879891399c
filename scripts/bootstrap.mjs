// Brings the npm dependencies, and with them the Node that runs everything else. npm calls this before its scripts, by
// whatever Node the machine has: so it is plain JavaScript, for Node 20, and imports nothing that has to be installed.
import { spawnSync } from "node:child_process";
import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const node = join(root, "node_modules", ".bin", "node");
/** The first version that runs TypeScript without a flag: `engines` in package.json. */
const minimum = [22, 18];

if (!isInstalled()) install();
checkNode();

/** npm writes node_modules/.package-lock.json last, so that an interrupted installation is seen here too. */
function isInstalled() {
  const installed = join(root, "node_modules", ".package-lock.json");
  return (
    existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs
  );
}

function install() {
  const start = performance.now();
  console.error("  Installing the npm dependencies … (a minute or two)");
  // The npm that called this, where one did: there may be no other on PATH.
  const { npm_execpath: npm } = process.env;
  const [file, ...args] = npm ? [process.execPath, npm] : ["npm"];
  const { status, error, stderr } = spawnSync(file, [...args, "ci"], {
    cwd: root,
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status !== 0) {
    // What went wrong comes first, before npm's usage; its stack traces help nobody here.
    const errors = `${stderr ?? ""}`.split("\n").filter((line) => /^npm error (?! +at )/.test(line));
    fail(
      "Installing the npm dependencies",
      error?.message ?? `npm ci ended with ${status}\n${errors.slice(0, 10).join("\n")}`,
      "make sure that the npm registry can be reached (npm ping), then run the same command again",
    );
  }
  console.error(`✓ Installing the npm dependencies (${Math.round((performance.now() - start) / 1000)} s)`);
}

function checkNode() {
  const { stdout, error } = spawnSync(node, ["--version"], { encoding: "utf8" });
  const [, major, minor] = stdout?.match(/^v(\d+)\.(\d+)/)?.map(Number) ?? [];
  if (major > minimum[0] || (major === minimum[0] && minor >= minimum[1])) return;
  fail(
    `Finding a Node of version ${minimum.join(".")} or newer`,
    `the npm package \`node\` brought ${stdout?.trim() || `none: ${error?.message}`}`,
    "allow its install script (npm config get ignore-scripts must say false), remove node_modules, and run the same command again",
  );
}

function fail(step, cause, wayOut) {
  const indent = (text) => text.split("\n").join("\n           ");
  console.error(`✗ ${step} failed.\n  cause:   ${indent(cause)}\n  way out: ${indent(wayOut)}`);
  process.exit(1);
}
