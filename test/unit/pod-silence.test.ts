/** The times that origin.sh, keeper.sh and the edge must agree on, as each of them has its own. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { renderEdgeConfig } from "../../components/pod/edge/nginx.ts";
import { podOptions } from "../support/pod-options.ts";

const upstreams = [
  { name: "one", registry: "one.example.com", url: "https://one.example.com", repositories: ["**"] },
];
const store = { kind: "s3", bucket: "blobs", region: "eu-central-1", delivery: "proxied" } as const;

/** @returns the number to which the script sets the variable at its beginning */
function setting(script: "origin.sh" | "keeper.sh", name: string): number {
  const text = readFileSync(new URL(`../../components/pod/${script}`, import.meta.url), "utf8");
  const [, value] = new RegExp(`^${name}=(\\d+)$`, "m").exec(text) ?? assert.fail(`${script}: ${name}`);
  return Number(value);
}

test("an upstream counts as silent for the edge as soon with zot as with distribution", () => {
  for (const name of ["interval", "limit", "patience"]) {
    assert.equal(setting("keeper.sh", name), setting("origin.sh", name), name);
  }
});

test("the edge asks the bucket in an origin's place until origin.sh has noticed that the upstream is silent", () => {
  const noticed =
    setting("origin.sh", "interval") + setting("origin.sh", "patience") * setting("origin.sh", "limit");
  const nginx = renderEdgeConfig(podOptions({ upstreams, store }));
  const groups = [...nginx.matchAll(/upstream (\S+) {[^}]*/g)].filter(([text]) =>
    text.includes("max_fails=1"),
  );
  assert.deepEqual(
    groups.map(([, name]) => name),
    ["origin-one", "fills-one"],
  );
  for (const [text] of groups) {
    const breaks = [...text.matchAll(/fail_timeout=(\d+)s/g)].map(([, seconds]) => Number(seconds));
    assert.equal(breaks.length, 2, text);
    for (const each of breaks) assert.ok(each > noticed, `${each} s, and ${noticed} s until it is noticed`);
  }
});

test("origin.sh abandons a transfer without progress after the time for which the edge waits for one", () => {
  const nginx = renderEdgeConfig(podOptions({ upstreams }));
  const [blob = ""] = /location = \/blob {[^}]*/.exec(nginx) ?? [];
  assert.match(blob, new RegExp(`proxy_read_timeout ${setting("origin.sh", "stall") * 1000}ms;`));
});
