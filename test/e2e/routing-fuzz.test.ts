import { test } from "node:test";
import fc from "fast-check";
import { allowListed, assertHarmless } from "../support/allow-list.ts";
import { rawRequest } from "../support/http.ts";
import { scope } from "../support/scope.ts";

/** Nothing outside the allow-list reaches an upstream, and every answer is an allowed one, for any request. This doesn't prove that everything allowed is served: see routing.test.ts. */

const hex = "0123456789abcdef".repeat(4);

/** The parts of requests, good and bad. */
const pieces = [
  ...[
    "/v2/",
    "/",
    "//",
    "giantswarm",
    "app",
    "public/tool",
    "ported",
    "charts",
    "secret",
    "manifests",
    "blobs",
    "tags/list",
    "1",
    "latest",
  ],
  ...["_catalog", "referrers", "uploads/", "registry.test", "other.test", "registry.test:5000", "evil.test"],
  ...[`sha256:${hex}`, `sha512:${hex}${hex}`, `sha256:${hex.slice(1)}`, `md5:${hex}`, "sha256:"],
  ...[
    "?",
    "&",
    "ns=",
    "n=1",
    "last=a",
    "?ns=other.test",
    "?ns=registry.test%3A5000",
    "#",
    ";",
    ":",
    "@",
    "|",
    "$",
    "=",
    "+",
    "*",
    "~",
  ],
  ...[
    "..",
    ".",
    "%2e%2e",
    "%2f",
    "%5c",
    "%00",
    "%0a",
    "%",
    "%u002e",
    "%c0%ae",
    "\\",
    "\t",
    " ",
    "\0",
    "\r",
    "\x7f",
    "\xff",
    "A",
    "-",
    "_",
    "__",
  ],
  ...["https://", "http://evil.test", "/../", "/./", "a".repeat(260), "a/".repeat(130), "HTTP/1.1", "GET"],
];

/** Request targets that are allowed, or nearly allowed. */
const seeds = [
  "/v2/",
  "/v2/giantswarm/app/manifests/1",
  "/v2/registry.test/giantswarm/app/manifests/1",
  "/v2/charts/giantswarm/app/manifests/1?ns=registry.test",
  "/v2/public/tool/manifests/1?ns=other.test",
  "/v2/ported/app/manifests/1?ns=registry.test%3A5000",
  `/v2/giantswarm/app/manifests/sha256:${hex}`,
  `/v2/giantswarm/app/blobs/sha256:${hex}`,
  "/v2/giantswarm/app/tags/list?n=1&last=a",
  "/v2/secret/app/manifests/1",
  `/v2/secret/app/blobs/sha256:${hex}`,
  "/v2/secret/app/tags/list",
];

const piece = fc.constantFrom(...pieces);

/** Any bytes except a line feed, which would end the line. */
const bytes = fc
  .uint8Array({ maxLength: 40 })
  .map((codes) => Buffer.from(codes).toString("latin1").replaceAll("\n", ""));

/** A seed with up to four changes, each of which replaces a few characters. */
const changed = fc
  .tuple(
    fc.constantFrom(...seeds),
    fc.array(fc.tuple(fc.nat(80), fc.nat(4), fc.oneof(piece, piece, bytes)), { maxLength: 4 }),
  )
  .map(([seed, changes]) =>
    changes.reduce((text, [at, length, by]) => {
      const from = at % (text.length + 1);
      return text.slice(0, from) + by + text.slice(from + length);
    }, seed),
  );

const target = fc.oneof(
  { weight: 4, arbitrary: changed },
  { weight: 3, arbitrary: fc.array(piece, { maxLength: 10 }).map((parts) => `/v2/${parts.join("")}`) },
  { weight: 1, arbitrary: fc.array(piece, { maxLength: 10 }).map((parts) => parts.join("")) },
  { weight: 1, arbitrary: bytes },
);

/** Mostly allowed methods, so that the rest of the request is evaluated. */
const method = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom("GET", "HEAD") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("POST", "PUT", "DELETE", "OPTIONS", "CONNECT", "TRACE", "get", "ANY"),
  },
  { weight: 1, arbitrary: bytes },
);

const version = fc.oneof(
  { weight: 8, arbitrary: fc.constant("HTTP/1.1") },
  {
    weight: 1,
    arbitrary: fc.constantFrom("HTTP/1.0", "HTTP/2.0", "HTTP/0.9", "HTTP/1.1 ", "http/1.1", "HTTP/"),
  },
);

/** A header. It isn't empty, because an empty line would end the head. */
const header = fc.oneof(
  bytes.filter((text) => text.replaceAll("\r", "") !== ""),
  fc
    .tuple(
      fc.constantFrom(
        "Host",
        "Range",
        "If-None-Match",
        "Accept",
        "Expect",
        "Upgrade",
        "X-Original-URL",
        "Cookie",
        "Via",
      ),
      fc.oneof(piece, changed, bytes),
    )
    .map(([name, value]) => `${name}: ${value.replaceAll("\n", "")}`),
);

const request = fc.record({
  method,
  target,
  version,
  host: fc.oneof(
    { weight: 6, arbitrary: fc.constant("localhost") },
    { weight: 1, arbitrary: fc.oneof(piece, bytes) },
  ),
  headers: fc.array(header, { maxLength: 2 }),
});

/** The ping exists, so `*` matches it, and the answer is 304: https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match */
const conditionalPing = {
  ...{ method: "GET", target: "/v2/", version: "HTTP/1.1", host: "localhost" },
  headers: ["If-None-Match: *"],
};

test("lets nothing through to an upstream that isn't allowed, for any request", async (t) => {
  const { cache, asked } = await allowListed(scope(t));
  let runs = 0;
  const reached = new Set<string>();
  await fc.assert(
    fc.asyncProperty(request, async ({ method, target, version, host, headers }) => {
      const lines = [`${method} ${target} ${version}`, `Host: ${host}`, ...headers, "Connection: close"];
      const answer = await rawRequest(cache.url, { ca: cache.ca, head: `${lines.join("\r\n")}\r\n\r\n` });
      assertHarmless(answer, { head: answer?.body.length === 0 && method === "HEAD" });
      for (const request of asked()) reached.add(request);
      runs += 1;
    }),
    {
      examples: [[conditionalPing]],
      numRuns: 4000,
      interruptAfterTimeLimit: 20_000,
      markInterruptAsFailure: false,
    },
  );
  t.diagnostic(`${runs} requests, of which the upstreams saw ${reached.size}`);
});
