/**
 * Whatever is wrong with the cache, clients pull their images from the upstream. The test prints how much longer that takes than a direct pull, while
 * other clients pull, too (docs/clients.md has figures for single pulls). It asserts only that nobody waits for long.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { before, describe, test } from "node:test";
import { execa } from "execa";
import pMap from "p-map";
import type { Content } from "../../scripts/seed/content.ts";
import { asked, registryName } from "../support/chain.ts";
import { breakages } from "../support/clients/broken-cache.ts";
import {
  coldImage,
  delay,
  fallbackSetting,
  fromUpstream,
  type Setting,
  withCache,
} from "../support/clients/fallback.ts";
import { containerdNode, type Node, podmanNode } from "../support/clients/node.ts";
import { nodeCheck } from "../support/clients/node-check.ts";
import { blackHole, silentWay } from "../support/clients/way-to-cache.ts";
import { startFaultProxy } from "../support/fault-proxy.ts";
import { scope, tempDir } from "../support/scope.ts";
import { leaveFree, type SmallDisk, smallDisk } from "../support/small-disk.ts";
import { startTlsServer } from "../support/tls-server.ts";
import { waitUntil } from "../support/wait.ts";

const named = ({ repository, tags: [tag] }: Content) => `${registryName}/${repository}:${tag}`;

/** Much longer than measured, for busy machines. */
const longestMs = 30_000;

describe("with the cache", () => {
  const parts = scope(test);
  let to: Setting;
  let current: Node;
  /** The nodes, each with its own path to the upstream, so that they can pull at the same time. */
  let all: readonly { readonly node: Node; readonly to: Setting }[];

  before(async () => {
    to = await fallbackSetting(parts);
    current = parts.use(await containerdNode("2"));
    const others = [await containerdNode("1.7"), await podmanNode(to.chain.cache.caFile)];
    const nodes = [current, ...others.map((node) => parts.use(node))];
    all = await pMap(nodes, async (node) => {
      const upstream = parts.use(await startFaultProxy(to.chain.registry.url));
      return { node, to: { ...to, upstream } };
    });
  });

  test("up, nodes pull everything from it", async (t) => {
    await pMap(all, async ({ node, to }) => {
      const image = await coldImage(to, `up for ${node.name}`);
      await delay(t, node, to, image, withCache(to));
      assert.equal(fromUpstream(to, image), 0);
    });
  });

  test("up, the check on a node reports that, and finds what else is wrong", async () => {
    const content = await coldImage(to, "checked", { layers: 1 });
    const image = named(content);
    const refused = named(await coldImage(to, "checked", { team: "elsewhere", layers: 1 }));
    const { check } = withCache(to);
    await using hosts = await tempDir();
    /** Writes the configuration of a node whose containerd has the authority in a file. */
    const withFile = async (ca: string | undefined, port?: number) => {
      const { check, containerd } = withCache(to, port);
      const [directory, file] = [join(hosts.path, "registry.test"), join(hosts.path, "ca.crt")];
      await mkdir(directory, { recursive: true });
      const hostsToml = containerd[registryName] ?? "";
      await writeFile(join(directory, "hosts.toml"), hostsToml.replace(to.chain.cache.caFile, file));
      await rm(file, { force: true });
      if (ca !== undefined) await writeFile(file, ca);
      return check.replace("/etc/containerd/certs.d", hosts.path);
    };
    const look = async (script: string, ...images: string[]) => {
      const { exitCode, lines } = await nodeCheck(script, ...images);
      return { exitCode, text: lines.join("\n") };
    };
    for (const kept of ["miss", "hit"]) {
      const { exitCode, text } = await look(check, image);
      assert.match(text, /^ok name localhost\nok connect \S+\nok tls .*\nok pull /);
      assert.ok(kept === "miss" || text.includes(`${image}, hit\n`), text);
      assert.match(text, /^ok fallback registry\.test answers at http:.*\nAll is well\.$/m);
      assert.equal(exitCode, 0);
    }
    const tagged = `${image}@${content.manifest.digest}`;
    assert.match((await look(check, tagged)).text, /^ok pull .*@sha256:/m);
    const untagged = await look(check, image.replace(/:1$/, ""));
    assert.match(untagged.text, /^FAILED pull .*the tag at the registry/m);
    assert.ok(asked(to.chain.proxy).some((url) => url.includes("/manifests/latest")));
    const { ca: other } = parts.use(await startTlsServer());
    const cases: [string, string[], number, RegExp][] = [
      [check, [refused], 1, /^FAILED pull .*upstreams\[\]\.repositories/m],
      [check, [`${image}-not`], 1, /^FAILED pull .*the tag at the registry/m],
      [check.replaceAll("localhost", "cache.invalid"), [], 1, /^FAILED name .*record/m],
      [check.replaceAll("localhost", "other.localhost"), [], 1, /^FAILED tls .*host name of the endpoint/m],
      [check.replace(to.chain.cache.ca, other), [], 1, /^FAILED tls .*authority/m],
      [check, ["alpine:3.24.1"], 4, /alpine:3\.24\.1: name the registry.*^Usage: /ms],
      [check.replace("'-d' '350'", "'-d' '-1'"), [], 1, /^FAILED connect .*waits for -1 ms/m],
      [
        check.replace(to.upstream.url.origin, "http://127.0.0.1:1"),
        [image],
        2,
        /^FAILED fallback .*HTTPS_PROXY/m,
      ],
    ];
    const judge = async ([script, images, expected, says]: (typeof cases)[number]) => {
      const { exitCode, text } = await look(script, ...images);
      assert.match(text, says);
      assert.equal(exitCode, expected);
    };
    await pMap(cases, judge, { concurrency: 3 });
    assert.equal((await look(await withFile(to.chain.cache.ca), image)).exitCode, 0);
    assert.match((await look(await withFile(other))).text, /^FAILED tls .*authority/m);
    const unusable: [string | undefined, number?][] = [
      [undefined],
      [""],
      ["no certificate\n"],
      ["-----BEGIN CERTIFICATE-----\nno\n"],
      // containerd pulls nothing, whatever the cache does.
      ["", 1],
    ];
    for (const [ca, port] of unusable) {
      const { exitCode, text } = await look(await withFile(ca, port));
      assert.match(
        text,
        /^FAILED tls .*ca\.crt .*nothing without it.*^The cache doesn't serve this node\.$/ms,
      );
      assert.equal(exitCode, 1);
    }
    for (const challenge of ['Basic realm="Registry Realm"', 'Bearer realm="-K/dev/zero"']) {
      const headers = { "www-authenticate": challenge };
      using _basic = to.upstream.inject({ kind: "status", status: 401, headers });
      assert.match((await look(check, image)).text, /^ok fallback .*\nAll is well\.$/m);
    }
    {
      const realm = `${to.upstream.url.origin.replace("127.0.0.1", "localhost")}/token[1-3]`;
      const headers = { "www-authenticate": `Bearer realm="${realm}"` };
      using _many = to.upstream.inject({ kind: "status", status: 401, headers });
      to.upstream.forget();
      assert.match((await look(check, image)).text, /\nAll is well\.$/);
      assert.equal(to.upstream.count("/token", "GET"), 2, "once by each shell");
    }
    using _refusing = to.upstream.inject({ kind: "status", status: 403 });
    assert.match((await look(check, image)).text, /^FAILED fallback .*HTTP 403/m);
  });

  test("refusing the repository, nodes pull from the upstream", async (t) => {
    await pMap(all, async ({ node, to }) => {
      const image = await coldImage(to, `refused to ${node.name}`, { team: "elsewhere" });
      assert.ok((await delay(t, node, to, image, withCache(to))) < longestMs);
      assert.equal(fromUpstream(to, image), image.blobs.length);
    });
  });

  for (const [kind, { gives, check, begin }] of Object.entries(breakages)) {
    test(`${kind}, nodes pull from the upstream`, async (t) => {
      await using breakage = await begin(to.chain.cache);
      if (check) {
        const image = await coldImage(to, `${kind} for the check`, { layers: 1 });
        const checked = await nodeCheck(withCache(to, breakage.port).check, named(image));
        assert.equal(checked.exitCode, 1);
        assert.match(checked.lines.join("\n"), check);
        assert.match(checked.lines.join("\n"), /^ok fallback registry\.test /m);
      }
      // podman takes the blobs from the source of the manifest, or fails.
      const nodes = gives === "manifests and pieces" ? all.filter(({ node }) => node.name !== "podman") : all;
      const pull = async ({ node, to }: (typeof all)[number]) => {
        const image = await coldImage(to, `${kind} for ${node.name}`);
        assert.ok((await delay(t, node, to, image, withCache(to, breakage.port))) < longestMs);
        if (gives === "nothing") assert.equal(fromUpstream(to, image), image.blobs.length);
      };
      // After one node was cut off from a blob, the cache refuses it to the next ones. So the nodes pull one after the other.
      await pMap(nodes, pull, { concurrency: gives === "nothing" ? nodes.length : 1 });
    });
  }

  // Only containerd can limit the wait for a connection. The other clients wait 30 s for each request.
  test("black-holed, nodes pull from the upstream", async (t) => {
    await using hole = await blackHole();
    const { exitCode, lines } = await nodeCheck(withCache(to, hole.port).check);
    assert.equal(exitCode, 1);
    assert.match(lines.join("\n"), /^FAILED connect No answer: packets are dropped\. .*access\.clients/m);
    const image = await coldImage(to, "black-holed");
    assert.ok((await delay(t, current, to, image, withCache(to, hole.port))) < longestMs);
    assert.equal(fromUpstream(to, image), image.blobs.length);
  });
});

describe("with a cache", { concurrency: true }, () => {
  const parts = scope(test);
  let disk: SmallDisk;
  let shared: Setting;

  before(async () => {
    disk = parts.use(await smallDisk(96));
    shared = await fallbackSetting(parts, { dataDir: join(disk.path, "cache") });
  });

  test("whose disk is full, nodes pull from the upstream", async (t) => {
    const nodes = [await containerdNode("2"), await podmanNode(shared.chain.cache.caFile)].map((node) =>
      parts.use(node),
    );
    const { cache } = shared.chain;
    await waitUntil("the edge has its reserve", () => existsSync(join(cache.layout.cache, "reserve")));
    await using _ballast = await disk.fill();
    for (const node of nodes) {
      const image = await coldImage(shared, `full for ${node.name}`);
      assert.ok((await delay(t, node, shared, image, withCache(shared))) < longestMs);
    }
    // nginx needs to write a file when it starts, and only the edge's reserve makes space for it.
    const edge = cache.container("edge");
    await execa("podman", ["stop", edge]);
    await leaveFree(disk.path, 0);
    await execa("podman", ["start", edge]);
    const health = `http://127.0.0.1:${cache.layout.ports.edgeStatus}/healthz`;
    await waitUntil("the edge runs again", async () => (await fetch(health)).ok);
  });

  // No setting limits the wait for a TLS handshake, which is 10 s for each request. So this test runs beside the others.
  test("that accepts connections and sends nothing, nodes pull from the upstream", async (t) => {
    await using way = await silentWay();
    const to = { ...shared, upstream: parts.use(await startFaultProxy(shared.chain.registry.url)) };
    const node = parts.use(await containerdNode("2"));
    const { exitCode, lines } = await nodeCheck(withCache(to, way.port).check);
    assert.equal(exitCode, 1);
    assert.match(lines.join("\n"), /^FAILED tls .*doesn't answer/m);
    const image = await coldImage(to, "silent", { layers: 1 });
    assert.ok((await delay(t, node, to, image, withCache(to, way.port))) < 2 * longestMs);
    assert.equal(fromUpstream(to, image), image.blobs.length);
  });
});
