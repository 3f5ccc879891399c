/** The client configurations that no other end-to-end test uses, read by the code that reads them on a node. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { execa } from "execa";
import { parse, stringify } from "yaml";
import { clientConfiguration } from "../../components/clients/clients.ts";
import { push } from "../../scripts/seed/push.ts";
import { ensureTool } from "../setup/go-tools.ts";
import { startCache } from "../support/cache.ts";
import { asked, type Chain, frontedUpstream, registryName, startChain } from "../support/chain.ts";
import { buildkitPull } from "../support/clients/buildkit.ts";
import { startContainerd } from "../support/clients/containerd.ts";
import { k3sPull } from "../support/clients/k3s.ts";
import { nodeCheck } from "../support/clients/node-check.ts";
import { filesByUserData, filesOf, partOf } from "../support/clients/node-files.ts";
import { runClient } from "../support/clients/run.ts";
import { skopeoCopy } from "../support/clients/skopeo.ts";
import { talosMachine, talosRegistries } from "../support/clients/talos.ts";
import { digestsOf } from "../support/content.ts";
import { randomImage } from "../support/images.ts";
import { projectDirectory } from "../support/project.ts";
import { commandsIn } from "../support/runbooks.ts";
import { scope, tempDir } from "../support/scope.ts";

const parts = scope(test);
let chain: Chain;
before(async () => {
  chain = await startChain(parts, { region: { freshnessSeconds: 3600 } });
});

test("tells by the commands of the clients' page whether the cache is used, and fails where it refuses", async () => {
  const { registry, proxy, cache } = chain;
  const [command = ""] = commandsIn("clients.md").filter((text) => text.includes("x-cache"));
  const [, host = "", repository = "", tag = "", name = ""] =
    /'(https:\/\/[^/]+)\/v2\/(\S+)\/manifests\/(\S+)\?ns=(\S+)'/.exec(command) ?? [];
  await push(registry.url, await randomImage({ repository, tag, layerMB: 1 }));
  const run = (change: (command: string) => string = (it) => it) =>
    execa("bash", ["-c", change(command.replace(host, cache.url.origin).replace(name, registryName))], {
      env: { CURL_CA_BUNDLE: cache.caFile },
      reject: false,
    });
  const isHit = async () => /^x-cache: HIT\b/im.test((await run()).stdout);
  assert.equal(await isHit(), false);
  assert.equal(await isHit(), true);
  assert.ok(
    asked(proxy).some((request) => request.startsWith("GET ")),
    "as a client pulls",
  );
  const refused = await run((it) => it.replace(`/v2/${repository}/`, "/v2/nobody/else/"));
  assert.notEqual(refused.exitCode, 0);
  assert.match(refused.stderr, /error: 40[34]/);
});

test("checks Docker Hub's official images by the names that nodes use", async (t) => {
  const parts = scope(t);
  const { registry, proxy } = await frontedUpstream(parts);
  await push(registry.url, await randomImage({ repository: "library/alpine", tag: "3", layerMB: 1 }));
  const repositories = ["library/*"];
  const hub = { name: "hub", registry: "docker.io", url: proxy.url.origin, repositories };
  const cache = parts.use(await startCache({ upstreams: [hub] }));
  for (const image of ["docker.io/alpine:3", "docker.io/library/alpine:3"]) {
    const { exitCode, lines } = await nodeCheck(cache.clients.check, image);
    assert.equal(exitCode, 0, lines.join("\n"));
  }
});

// With GPG, because Debian's skopeo is built without sigstore.
test("verifies signatures through the cache with the entry of podman's page, and otherwise pulls nothing", async (t) => {
  const parts = scope(t);
  const { registry, cache } = chain;
  const repository = "giantswarm/signed";
  const image = await randomImage({ repository, tag: "1", layerMB: 1 });
  await push(registry.url, image);
  const { path } = parts.use(await tempDir());
  const file = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(path, name), content);
    return join(path, name);
  };
  const env = { GNUPGHOME: path };
  const user = "tests@example.com";
  const run = (program: string, ...args: string[]) => runClient(program, args, { env });
  parts.defer(async () => void (await run("gpgconf", "--kill", "all")));
  await run("gpg", "--batch", "--quick-generate-key", "--passphrase", "", user);
  const keyPath = await file("key.asc", await run("gpg", "--armor", "--export", user));
  // At the cache, the path of the signatures has the registry's name, too.
  const signatures = join(path, registryName, `${repository}@${image.manifest.digest.replace(":", "=")}`);
  await mkdir(signatures, { recursive: true });
  const manifest = await file("manifest.json", image.manifest.bytes);
  const reference = `${registryName}/${repository}:1`;
  const signature = join(signatures, "signature-1");
  await run("skopeo", "standalone-sign", "--output", signature, manifest, reference, user);
  const signed = { type: "signedBy", keyType: "GPGKeys", keyPath };
  const policy = await file("policy.json", JSON.stringify({ default: [signed] }));
  const registriesConf = await file("registries.conf", cache.clients.registriesConf);
  const pull = async (entry: string) => {
    const registriesDir = parts.use(await tempDir()).path;
    await writeFile(join(registriesDir, "registry-cache.yaml"), entry);
    const layout = parts.use(await tempDir()).path;
    await skopeoCopy(reference, layout, { caFile: cache.caFile, registriesConf, policy, registriesDir });
  };

  const page = await readFile(join(projectDirectory, "docs/clients/podman.md"), "utf8");
  const [, entry = ""] = /^```yaml\n(.*?)^```$/ms.exec(page) ?? [];
  const lookaside = entry.replace("use-sigstore-attachments: true", `lookaside: file://${path}`);
  await pull(lookaside.replace(/cache\..*(?=:)/, `${cache.url.host}/${registryName}`));
  await assert.rejects(pull(lookaside.replace(/cache\..*(?=:)/, registryName)), /A signature was required/);
});

// This test stops the cache.
test("configures k3s, RKE2, BuildKit, and nodes with user data to pull through the cache", async (t) => {
  const parts = scope(t);
  const { registry, proxy, cache } = chain;
  const image = await randomImage({ repository: "giantswarm/app", tag: "1", layers: 2, layerMB: 1 });
  await push(registry.url, image);
  const { path } = parts.use(await tempDir());
  const { registriesYaml, buildkit, eks } = cache.clients;
  await writeFile(join(path, "registries.yaml"), registriesYaml);
  await writeFile(join(path, "buildkitd.toml"), buildkit);
  await filesByUserData(eks, join(path, "root"));
  const containerd = parts.use(await startContainerd());
  const reference = `${registryName}/giantswarm/app:1`;
  const pulls = {
    k3s: () => k3sPull(join(path, "registries.yaml"), reference),
    BuildKit: () => buildkitPull(join(path, "buildkitd.toml"), reference),
    async EKS() {
      await containerd.removeAll();
      await containerd.pull(reference, { hostsDir: join(path, "root/etc/containerd/certs.d") });
      return await containerd.content();
    },
  };
  const each = async (asks: (name: string) => void) => {
    for (const [name, pull] of Object.entries(pulls)) {
      proxy.forget();
      assert.deepEqual(new Set(await pull()), digestsOf(image), name);
      asks(name);
    }
  };

  // By tag, then by digest.
  await each(() => {});
  await each((name) => assert.deepEqual(asked(proxy), [], `${name} takes it from the cache`));
  await cache.stop();
  await each((name) => assert.notDeepEqual(asked(proxy), [], `${name} goes to the upstream`));
});

test("finds by the page for containerd the mirrors because of which config_path is refused", async (t) => {
  const page = await readFile(join(projectDirectory, "docs/clients/containerd.md"), "utf8");
  const [, look = ""] = /^\$\(ps .*\)( config dump .*)$/m.exec(page) ?? [];
  const [, configurations = ""] = /^```toml\n(.*?)^```$/ms.exec(page) ?? [];
  const tables = configurations.split("\n\n");
  assert.equal(tables.length, 2);
  const { path } = scope(t).use(await tempDir());
  const CONFIG = join(path, "config.toml");
  for (const table of tables) {
    const [, version] = /\(version = (\d)\)/.exec(table) ?? [];
    const containerd = await ensureTool(version === "3" ? "containerd" : "containerd-1.7");
    const found = async (rest: string) => {
      await writeFile(CONFIG, `version = ${version}\n${table}\n${rest}`);
      const script = `"$0" --config "$CONFIG"${look}`;
      return (await execa("bash", ["-c", script, containerd], { env: { CONFIG }, reject: false })).stdout;
    };
    assert.equal(await found(""), "");
    const [, plugin] = /^\[(plugins\..*)\]$/m.exec(table) ?? [];
    assert.match(
      await found(`[${plugin}.mirrors."example.com"]\nendpoint = ["https://mirror.example.com"]\n`),
      /example\.com/,
    );
  }
});

test("writes the same files by EKS, Cluster API and Ignition", async (t) => {
  const upstream = {
    name: "elsewhere",
    registry: "example.com:5000",
    url: "http://192.0.2.1:5000",
    repositories: ["**"],
  };
  const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const render = (certificate: string) =>
    clientConfiguration({
      endpoint: { hostname: "cache.example.com", port: 443 },
      upstreams: [upstream],
      ca: { file: "/etc/registry-cache/o'clock.crt", certificate },
    });
  const { containerd, eks, kubeadm, ignition } = render(certificate);
  const expected = {
    "/etc/registry-cache/o'clock.crt": certificate,
    "/etc/containerd/certs.d/example.com:5000/hosts.toml": containerd["example.com:5000"],
  };
  const withoutNewline = render(certificate.trimEnd());
  assert.deepEqual(await filesByUserData(withoutNewline.eks, scope(t).use(await tempDir()).path), expected);
  assert.deepEqual(await filesByUserData(eks, scope(t).use(await tempDir()).path), expected);
  const nodeConfig = parse(await partOf(eks, "application/node.eks.aws"));
  assert.match(nodeConfig.spec.containerd.config, /^config_path = "\/etc\/containerd\/certs\.d"$/m);
  assert.deepEqual(await filesOf("kubeadm", kubeadm), expected);
  assert.deepEqual(await filesOf("ignition", ignition), expected);
  const { files } = kubeadm;
  await assert.rejects(
    filesOf("kubeadm", { files: files.map((file) => ({ ...file, mode: 1 })) }),
    /unknown field/,
  );
  await assert.rejects(filesOf("ignition", { ...ignition, ignition: { version: "9.9.9" } }), /version/i);
});

test("applies both kinds of Talos patches with the same result", async () => {
  const gsoci = {
    name: "gsoci",
    registry: "gsoci.azurecr.io",
    url: "https://gsoci.azurecr.io",
    repositories: ["giantswarm/**"],
  };
  const elsewhere = {
    ...gsoci,
    name: "elsewhere",
    registry: "example.com:5000",
    url: "http://192.0.2.1:5000",
  };
  const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
  const patches = (hostname: string) =>
    clientConfiguration({
      endpoint: { hostname, port: 8443 },
      upstreams: [gsoci, elsewhere],
      ca: { file: "/etc/ca.crt", certificate },
    }).talos;
  const talos = patches("cache.example.com");
  const expected = {
    mirrors: {
      "gsoci.azurecr.io": ["https://cache.example.com:8443"],
      "example.com:5000": ["https://cache.example.com:8443", "http://192.0.2.1:5000"],
    },
    authorities: { "cache.example.com:8443": certificate },
  };
  assert.deepEqual(await talosRegistries(talos.documents), expected);
  assert.deepEqual(await talosRegistries(talos.machineRegistries), expected);

  // Machines that already have the patch of this cache or of another one.
  const page = await readFile("docs/clients/talos.md", "utf8");
  const [documentsBack = "", registriesBack = ""] = [...page.matchAll(/^```yaml\n(.*?)^```$/gms)].map(
    ([, block = ""]) => block,
  );
  for (const hostname of ["cache.example.com", "old.example.com"]) {
    const before = patches(hostname);
    const isDeletion = (document: string) => document.includes("$patch");
    const documents = before.documents.split("---\n").filter((document) => !isDeletion(document));
    const machine = [talosMachine, ...documents].join("---\n");
    assert.deepEqual((await talosRegistries(talos.documents, machine)).mirrors, expected.mirrors);
    const back = await talosRegistries(documentsBack, machine);
    assert.deepEqual(Object.keys(back.mirrors), ["example.com:5000"]);

    const { registries } = parse(before.machineRegistries).machine;
    const config = parse(talosMachine);
    const older = stringify({ ...config, machine: { ...config.machine, registries } });
    assert.deepEqual(Object.keys((await talosRegistries(registriesBack, older)).mirrors), [
      "example.com:5000",
    ]);
  }
  await assert.rejects(talosRegistries(talos.documents.replace("endpoints:", "endpoint:")), /unknown keys/i);
});
