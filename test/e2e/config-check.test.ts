/** The programs in the images accept the rendered configurations from test/golden. Each program checks all of its files in one container. */
import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import type { Images } from "../../components/config/images.ts";
import { podman } from "../../components/hosts/local/podman.ts";
import { issue, makeAuthority } from "../../components/hosts/private-ca.ts";
import { edgePaths } from "../../components/pod/edge/paths.ts";
import { filesOf } from "../../components/pod/part.ts";
import { podImages } from "../support/pod-images.ts";
import { scope, tempDir } from "../support/scope.ts";

const golden = join(import.meta.dirname, "..", "golden");
const resources = scope({ after });
let images: Images;

before(async () => {
  images = await podImages();
});

/** A container's files with this name, each content once. */
async function filesNamed(container: string, name: string): Promise<string[]> {
  const paths = globSync(`**/${container}/{,files/}${name}`, { cwd: golden }).sort();
  const byText = new Map<string, string>();
  for (const path of paths) byText.set(await readFile(join(golden, path), "utf8"), path);
  assert.ok(byText.size > 0, `${container} has no ${name}`);
  return [...byText.values()];
}

/** Runs a program in a container without a network, with all configurations below /golden. */
function run(image: string, [program = "", ...args]: string[], options: string[] = []): Promise<string> {
  const confined = ["--rm", "--network=none", "--read-only", "--volume", `${golden}:/golden:ro`, ...options];
  return podman(["run", ...confined, "--entrypoint", program, image, ...args], {
    withStandardError: true,
    timeoutSeconds: 60,
  });
}

test("nginx accepts each configuration without a warning", async (t) => {
  const files = await filesNamed("edge", "nginx.conf");
  const tls = resources.use(await tempDir()).path;
  await mkdir(join(tls, "ca"));
  const authority = await makeAuthority(["cache.test"], join(tls, "ca"));
  await issue(authority, ["cache.test"], {
    certificateFile: join(tls, "tls.crt"),
    keyFile: join(tls, "tls.key"),
  });
  // nginx also checks whether it may listen, and whether its directories exist. Root has both.
  // It resolves replicas that share their blobs, whose names are in a cluster's DNS.
  const replicas = [0, 1].map((index) => `--add-host=registry-cache-${index}:192.0.2.${index}`);
  const volumes = ["--volume", `${tls}:${edgePaths.tls}:ro`, "--tmpfs", edgePaths.cache];
  const check = `mkdir -p ${edgePaths.cache}/tmp
    for file; do nginx -t -c "/golden/$file" -e /dev/stderr || exit 1; done`;
  const output = await run(
    images.edge,
    ["sh", "-c", check, "sh", ...files],
    ["--user=0", ...volumes, ...replicas],
  );
  t.diagnostic(files.join(", "));
  assert.equal(output.match(/test is successful/g)?.length, files.length, output);
  assert.doesNotMatch(output, /\[(?:warn|error|emerg)\]/);
});

test("registry serves with each configuration", async (t) => {
  const addresses: string[] = [];
  for (const file of await filesNamed("{origin,stored}-*", "config.yml")) {
    const { http, distSpecVersion } = parse(await readFile(join(golden, file), "utf8"));
    // Others are zot's.
    if (distSpecVersion === undefined) addresses.push(file, http.addr);
  }
  const serve = `
    while [ $# -gt 0 ]; do
      registry serve "/golden/$1" &
      for try in $(seq 50); do sleep 0.2; wget -q -O /dev/null "http://$2/" && break; [ $try -lt 50 ] || exit 1; done
      echo "served: $1"
      kill $!
      wait $!
      shift 2
    done`;
  const options = ["--tmpfs", "/var/lib/registry", "--env", "OTEL_TRACES_EXPORTER=none", "--env", "get={}"];
  const output = await run(images.origin, ["sh", "-c", serve, "sh", ...addresses], options);
  const served = [...output.matchAll(/^served: (.*)$/gm)].map(([, file]) => file);
  t.diagnostic(served.join(", "));
  assert.equal(served.length, addresses.length / 2, output);
});

test("the exporter accepts each configuration", async () => {
  for (const file of await filesNamed("exporter", "config.yml")) {
    const args = ["-config-file", `/golden/${file}`, "-verify-config"];
    await run(images.exporter, ["/prometheus-nginxlog-exporter", ...args]);
  }
});

test("blackbox_exporter accepts each configuration", async () => {
  for (const file of await filesNamed("blackbox", "config.yml")) {
    await run(images.blackbox, ["/bin/blackbox_exporter", `--config.file=/golden/${file}`, "--config.check"]);
  }
});

test("promtool accepts each configuration, and the rules that they name", async () => {
  const [rules = "", ...others] = await filesNamed("prometheus", "rules.yml");
  assert.deepEqual(others, [], "all have the same rules");
  const files = await filesNamed("prometheus", "prometheus.yml");
  const options = ["--volume", `${join(golden, dirname(rules))}:${filesOf("prometheus")}:ro`];
  const check = ["promtool", "check", "config", "--lint=all", "--lint-fatal"];
  const output = await run(images.prometheus, [...check, ...files.map((file) => `/golden/${file}`)], options);
  assert.equal(output.match(/is valid prometheus config file/g)?.length, files.length, output);
  assert.match(output, /rules\.yml\n *SUCCESS/);
});
