/** The programs in the images accept the rendered configurations from test/golden. */
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
const configurations = (pattern: string) => globSync(pattern, { cwd: golden }).sort();
const resources = scope({ after });
let images: Images;

before(async () => {
  images = await podImages();
});

/** Runs a program in a container without a network, with its configuration mounted at /config. */
async function run(
  image: string,
  configuration: string,
  [program = "", ...args]: string[],
  options: string[] = [],
) {
  const volume = `${join(golden, dirname(configuration))}:/config:ro`;
  const confined = ["--rm", "--network=none", "--read-only", "--volume", volume, ...options];
  return podman(["run", ...confined, "--entrypoint", program, image, ...args], {
    withStandardError: true,
    timeoutSeconds: 60,
  });
}

for (const file of configurations("*/edge/nginx.conf")) {
  test(`nginx accepts ${file} without a warning`, async () => {
    const tls = resources.use(await tempDir()).path;
    await mkdir(join(tls, "ca"));
    const authority = await makeAuthority(["cache.test"], join(tls, "ca"));
    await issue(authority, ["cache.test"], {
      certificateFile: join(tls, "tls.crt"),
      keyFile: join(tls, "tls.key"),
    });
    // nginx also checks whether it may listen, and whether its directories exist. Root has both.
    // // It resolves replicas that share their blobs, whose names are in a cluster's DNS.
    const replicas = [0, 1].map((index) => `--add-host=registry-cache-${index}:192.0.2.${index}`);
    const volumes = ["--volume", `${tls}:${edgePaths.tls}:ro`, "--tmpfs", edgePaths.cache];
    const options = ["--user=0", ...volumes, ...replicas];
    const prepare = `mkdir -p ${edgePaths.cache}/tmp && exec nginx -t -c /config/nginx.conf -e /dev/stderr`;
    const output = await run(images.edge, file, ["sh", "-c", prepare], options);
    assert.match(output, /test is successful/);
    assert.doesNotMatch(output, /\[(?:warn|error|emerg)\]/);
  });
}

for (const file of configurations("*/{origin,stored}-*/config.yml")) {
  test(`registry serves with ${file}`, async () => {
    const { http } = parse(await readFile(join(golden, file), "utf8"));
    const serve = `
      registry serve /config/config.yml &
      for _ in $(seq 10); do sleep 1; wget -q -O /dev/null http://${http.addr}/ && exit; done
      exit 1`;
    const options = ["--tmpfs", "/var/lib/registry", "--env", "OTEL_TRACES_EXPORTER=none", "--env", "get={}"];
    await run(images.origin, file, ["sh", "-c", serve], options);
  });
}

for (const file of configurations("*/exporter/config.yml")) {
  test(`the exporter accepts ${file}`, async () => {
    const args = ["-config-file", "/config/config.yml", "-verify-config"];
    await run(images.exporter, file, ["/prometheus-nginxlog-exporter", ...args]);
  });
}

for (const file of configurations("*/blackbox/config.yml")) {
  test(`blackbox_exporter accepts ${file}`, async () => {
    await run(images.blackbox, file, [
      "/bin/blackbox_exporter",
      "--config.file=/config/config.yml",
      "--config.check",
    ]);
  });
}

for (const file of configurations("*/prometheus/prometheus.yml")) {
  test(`promtool accepts ${file}, and the rules that it names`, async () => {
    const place = filesOf("prometheus");
    const options = ["--volume", `${join(golden, dirname(file))}:${place}:ro`];
    const check = ["promtool", "check", "config", "--lint=all", "--lint-fatal", `${place}/prometheus.yml`];
    const output = await run(images.prometheus, file, check, options);
    assert.match(output, /is valid prometheus config file/);
    assert.match(output, /rules\.yml\n *SUCCESS/);
  });
}
