import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { connect } from "node:tls";
import { allowListed, assertOciError } from "../support/allow-list.ts";
import { get, rawHead, rawRequest, rawRequests } from "../support/http.ts";
import { scope } from "../support/scope.ts";

const app = "/v2/giantswarm/app";
const secret = "/v2/secret/app";
const tag = `${app}/manifests/1`;
const hex = "0123456789abcdef".repeat(4);

/** A name under `giantswarm/` with this many characters. */
const longName = (length: number) => `giantswarm/${"a".repeat(length - "giantswarm/".length)}`;

const allowed = {
  "without a registry": tag,
  "with ?ns=": `${tag}?ns=registry.test`,
  "with an empty ?ns=": `${tag}?ns=`,
  "with the registry in the path": "/v2/registry.test/giantswarm/app/manifests/1",
  "with both": "/v2/registry.test/giantswarm/app/manifests/1?ns=registry.test",
  "another registry with ?ns=": "/v2/public/tool/manifests/1?ns=other.test",
  "another registry in the path": "/v2/other.test/public/tool/manifests/1",
  "a registry with a port": "/v2/ported/app/manifests/1?ns=registry.test:5000",
  "a registry with an encoded port": "/v2/ported/app/manifests/1?ns=registry.test%3A5000",
  "the first of two ?ns=": `${tag}?ns=registry.test&ns=evil.test`,
  "an absolute URI, of which only the path counts": `https://evil.test${tag}`,
};

const refused = {
  "another repository": `${secret}/manifests/1`,
  "its blob": `${secret}/blobs/sha256:${hex}`,
  "its tags": `${secret}/tags/list`,
  "the repository that is only a prefix": "/v2/giantswarm/manifests/1",
  "one level too deep": "/v2/charts/giantswarm/a/b/manifests/1",
  "another registry's repository": "/v2/public/tool/manifests/1",
  "the same repository at another registry": `${tag}?ns=other.test`,
  "the same, by the path": "/v2/other.test/giantswarm/app/manifests/1",
  "an unknown registry": `${tag}?ns=evil.test`,
  "an unknown registry in the path": "/v2/evil.test/giantswarm/app/manifests/1",
  "path and ?ns= that contradict": "/v2/registry.test/giantswarm/app/manifests/1?ns=other.test",
  "the same, the other way round": "/v2/other.test/public/tool/manifests/1?ns=registry.test",
  "two ?ns=, the first unknown": `${tag}?ns=evil.test&ns=registry.test`,
  "a registry in upper case": `${tag}?ns=REGISTRY.TEST`,
  "a registry with an encoded dot": `${tag}?ns=registry%2Etest`,
  "a registry with another port": "/v2/ported/app/manifests/1?ns=registry.test%3A5001",
  "a registry with its port in the path": "/v2/registry.test:5000/ported/app/manifests/1",
  "a registry twice in the path": "/v2/registry.test/registry.test/giantswarm/app/manifests/1",
  "no path": "/",
  "another path": "/healthz",
  "the name of a location": "/tag",
  "the place of malformed requests": "/malformed",
  "another API version": "/v1/giantswarm/app/manifests/1",
  "the catalog": "/v2/_catalog",
  uploads: `${app}/blobs/uploads/`,
  "an upload": `${app}/blobs/uploads/6d2a7a3e-0c4e-4a2b-8f26-5c7a3b1d2e4f`,
  "no reference": `${app}/manifests/`,
  "no repository": "/v2/manifests/1",
  "a slash at the end": `${tag}/`,
  "a doubled slash": "/v2//giantswarm/app/manifests/1",
  "a doubled slash inside": "/v2/giantswarm//app/manifests/1",
  "a doubled slash first": `/${tag}`,
  "a way out": "/v2/giantswarm/../secret/app/manifests/1",
  "a way out and back": "/v2/secret/../giantswarm/app/manifests/1",
  "a dot": "/v2/giantswarm/./app/manifests/1",
  "an encoded way out": "/v2/giantswarm/%2e%2e/secret/app/manifests/1",
  "a way out in upper case": "/v2/giantswarm/%2E%2E/secret/app/manifests/1",
  "a half-encoded way out": "/v2/giantswarm/.%2e/secret/app/manifests/1",
  "a doubly encoded way out": "/v2/giantswarm/%252e%252e/secret/app/manifests/1",
  "an overlong encoding": "/v2/giantswarm/%c0%ae%c0%ae/secret/app/manifests/1",
  "a way out at the end": `${tag}/../../../../secret/app/manifests/1`,
  "a way out of the reference": `${app}/manifests/..`,
  "a way out behind a query": `${secret}/manifests/1?/../../giantswarm/app/manifests/1`,
  "an encoded slash": "/v2/giantswarm%2fapp/manifests/1",
  "an encoded slash in the reference": `${app}/manifests/1%2f..%2f..%2f..%2fsecret`,
  "an encoded letter": "/v2/giantswarm/%61pp/manifests/1",
  "an encoded tag": `${app}/manifests/%31`,
  "an encoded question mark": `${tag}%3fns=registry.test`,
  "an encoded null": `${tag}%00`,
  "an encoded null in the name": "/v2/giantswarm/app%00/manifests/1",
  "an encoded line break": `${tag}%0d%0aX:%201`,
  "a null": `${tag}\0`,
  "a bad encoding": `${tag}%zz`,
  "a tab": `${tag}\t`,
  "a backslash": "/v2/giantswarm\\app/manifests/1",
  "a backslash way out": "/v2/giantswarm/..\\..\\secret/app/manifests/1",
  "a path parameter": "/v2/giantswarm;/app/manifests/1",
  "a path parameter at the end": `${tag};ns=other.test`,
  "a fragment": `${tag}#1`,
  "a fragment in the way": "/v2/giantswarm/app#/manifests/1",
  "upper case in the name": "/v2/Giantswarm/app/manifests/1",
  "upper case in the API": "/V2/giantswarm/app/manifests/1",
  "upper case in the kind": `${app}/Manifests/1`,
  "bytes above ASCII": "/v2/giantswarm/\xe4pp/manifests/1",
  "a separator at the end of a name": "/v2/giantswarm/app-/manifests/1",
  "three underscores": "/v2/giantswarm/a___b/manifests/1",
  "a name that is too long": `/v2/${longName(256)}/manifests/1`,
  "a tag that begins with a dash": `${app}/manifests/-1`,
  "a tag that is too long": `${app}/manifests/${"a".repeat(129)}`,
  "a digest that is too short": `${app}/blobs/sha256:${hex.slice(1)}`,
  "a digest that is too long": `${app}/blobs/sha256:${hex}0`,
  "a digest in upper case": `${app}/blobs/sha256:${hex.toUpperCase()}`,
  "a digest with an encoded colon": `${app}/blobs/sha256%3A${hex}`,
  "a digest of another kind": `${app}/blobs/md5:${hex.slice(32)}`,
  "a digest of the wrong length": `${app}/blobs/sha512:${hex}`,
  "a bad digest of a manifest": `${app}/manifests/sha256:${hex.slice(1)}`,
  "a tag as a blob": `${app}/blobs/1`,
  "more than the list": `${app}/tags/list/1`,
  "a very long target": `/v2/giantswarm/${"a/".repeat(20_000)}manifests/1`,
  "a very long query": `${secret}/manifests/1?${"a".repeat(6000)}`,
  "an absolute URI": `https://localhost${secret}/manifests/1`,
  "an absolute URI with the wrong authority": `http://registry.test@evil.test${secret}/manifests/1`,
  "an absolute URI without a path": "https://localhost",
  "no target": "",
  "an asterisk": "*",
};

test("serves what is allowed, and refuses the rest", async (t) => {
  const { cache, image, asked } = await allowListed(scope(t));
  const request = (head: string) => rawRequest(cache.url, { ca: cache.ca, head });

  await t.test("serves what is allowed in every spelling", async (t) => {
    for (const [what, target] of Object.entries(allowed)) {
      await t.test(what, async () => {
        const answer = await request(rawHead(target));
        assert.equal(answer?.status, 200);
        assert.equal(answer?.body.toString(), Buffer.from(image.manifest.bytes).toString());
      });
    }
    assert.ok(asked().length > 0);
  });

  await t.test("asks the upstream for the longest name", async () => {
    assertOciError(await request(rawHead(`/v2/${longName(255)}/manifests/1`)));
    assert.ok(asked().includes(`HEAD /v2/${longName(255)}/manifests/1`));
  });

  await t.test("refuses with 404, for GET and HEAD, without a request to an upstream", async (t) => {
    for (const [what, target] of Object.entries(refused)) {
      await t.test(what, async () => {
        for (const method of ["GET", "HEAD"]) {
          const answer = await request(rawHead(target, { method }));
          // For a target that it can't parse, nginx has no method, so it sends a body even for HEAD.
          assertOciError(answer, { head: method === "HEAD" && answer?.body.length === 0 });
          assert.equal(answer?.status, 404);
          assert.deepEqual(asked(), []);
        }
      });
    }
  });

  await t.test("refuses referrers with 403, after which no client takes them for none", async () => {
    const answer = await request(rawHead(`${app}/referrers/sha256:${hex}`));
    assertOciError(answer);
    assert.equal(answer?.status, 403);
    assert.deepEqual(asked(), []);
  });

  await t.test("refuses every other method with 405, even for what is allowed", async (t) => {
    const methods = [
      "POST",
      "PUT",
      "PATCH",
      "DELETE",
      "OPTIONS",
      "TRACE",
      "CONNECT",
      "PROPFIND",
      "PURGE",
      "X-ANY",
    ];
    for (const method of methods) {
      await t.test(method, async () => {
        for (const target of [tag, "/v2/", `${secret}/manifests/1`, `${app}/blobs/uploads/`]) {
          const answer = await request(rawHead(target, { method }));
          assert.equal(answer?.status, 405);
          assertOciError(answer);
        }
        assert.deepEqual(asked(), []);
      });
    }
    await t.test("also with a body", async () => {
      const head = `POST ${app}/blobs/uploads/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello`;
      assert.equal((await request(head))?.status, 405);
    });
    await t.test("refuses a tunnel, which has no path", async () => {
      assertOciError(await request(rawHead("registry.test:443", { method: "CONNECT" })));
      assertOciError(await request(rawHead("*", { method: "OPTIONS" })));
    });
    assert.deepEqual(asked(), []);
  });

  await t.test("serves no content for a malformed request, whatever its target", async (t) => {
    const headers = {
      "no Host": "",
      "two Hosts": "Host: localhost\r\nHost: evil.test\r\n",
      "a Host with a space": "Host: a b\r\n",
      "a Host with a path": "Host: localhost/../x\r\n",
      "a Host with a null": "Host: a\0b\r\n",
      "a header without a name": "Host: localhost\r\n: x\r\n",
      "a header with a null": "Host: localhost\r\nX: a\0b\r\n",
      "a huge header": `Host: localhost\r\nX: ${"a".repeat(40_000)}\r\n`,
      "very many headers": `Host: localhost\r\n${"X: 0123456789012345678901234567890123456789\r\n".repeat(1000)}`,
      "a negative length": "Host: localhost\r\nContent-Length: -1\r\n",
      "two lengths": "Host: localhost\r\nContent-Length: 0\r\nContent-Length: 5\r\n",
      "an unknown encoding": "Host: localhost\r\nTransfer-Encoding: x, chunked\r\n",
    };
    for (const [what, lines] of Object.entries(headers)) {
      await t.test(what, async () => {
        const answer = await request(`GET ${tag} HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`);
        assert.equal(answer?.status, 404);
        assertOciError(answer);
      });
    }
    const bodies = {
      "length and chunks": "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
      "a body that is too large": `Content-Length: 100000\r\n\r\n${"a".repeat(100_000)}`,
    };
    for (const [what, body] of Object.entries(bodies)) {
      await t.test(what, async () => {
        const answer = await request(
          `GET ${tag} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${body}`,
        );
        assert.equal(answer?.status, 404);
        assertOciError(answer);
      });
    }
    for (const version of ["HTTP/2.0", "HTTP/9.9", "HTTP/1.1.1", "http/1.1", "HTTP/x", "FTP/1.1"]) {
      await t.test(version, async () => {
        const answer = await request(`GET ${tag} ${version}\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
        assert.equal(answer?.status, 404);
        assertOciError(answer);
      });
    }
    assert.deepEqual(asked(), []);
  });

  await t.test("answers a failed condition in the same form", async () => {
    const answer = await get(new URL(tag, cache.url), { ca: cache.ca, headers: { "If-Match": '"x"' } });
    assert.equal(answer.status, 412);
    assertOciError(answer);
  });

  await t.test("serves only what is allowed over HTTP/0.9", async () => {
    assert.equal(await request(`GET ${secret}/manifests/1\r\n`), undefined);
    assert.deepEqual(asked(), []);
  });

  await t.test("neither forwards a body nor reads it as a request", async () => {
    const hidden = `GET ${secret}/manifests/1 HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const bodies = [
      `Content-Length: ${hidden.length}\r\n\r\n${hidden}`,
      `Transfer-Encoding: chunked\r\n\r\n${hidden.length.toString(16)}\r\n${hidden}\r\n0\r\n\r\n`,
    ];
    for (const body of bodies) {
      const head = `GET ${app}/manifests/unknown HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n${body}`;
      const answers = await rawRequests(cache.url, { ca: cache.ca, heads: [head] });
      assert.equal(answers.length, 1);
      // If the body's length or encoding were forwarded, the origin would wait for the body, and count as silent for everybody.
      assert.equal(answers[0]?.status, 404);
      assertOciError(answers[0]);
    }
    const only = `${app}/manifests/unknown`;
    assert.deepEqual(new Set(asked()), new Set([`HEAD ${only}`, `GET ${only}`]));
  });

  await t.test("closes the connection of a slow body within seconds", async () => {
    const { hostname, port } = cache.url;
    const socket = connect({ host: hostname, servername: hostname, port: Number(port), ca: cache.ca });
    await once(socket, "secureConnect");
    const start = performance.now();
    socket.write(`POST ${tag} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n`);
    const drip = setInterval(() => socket.write("x"), 1000);
    // A byte that arrives too late can cause a reset.
    socket.resume().on("error", () => {});
    await new Promise((resolve) => socket.once("close", resolve));
    clearInterval(drip);
    const seconds = (performance.now() - start) / 1000;
    assert.ok(seconds < 15, `${seconds} s`);
  });

  await t.test("judges each of several pipelined requests", async () => {
    const keepAlive = (target: string) => `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
    const heads = [tag, `${secret}/manifests/1`, "/v2/", `${secret}/tags/list`].map(keepAlive);
    const answers = await rawRequests(cache.url, { ca: cache.ca, heads: [...heads, rawHead(tag)] });
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 404, 200, 404, 200],
    );
    asked();
  });

  await t.test("lets no header of a client change the target", async () => {
    const headers = {
      "X-Original-URL": `${secret}/manifests/1`,
      "X-Rewrite-URL": `${secret}/manifests/1`,
      "X-Forwarded-Host": "evil.test",
      "X-HTTP-Method-Override": "DELETE",
      Accept: "text/html",
      Authorization: "Basic YTpi",
    };
    const answer = await get(new URL(tag, cache.url), { ca: cache.ca, headers });
    assert.equal(answer.headers["docker-content-digest"], image.manifest.digest);
    const otherHost = await request(rawHead(tag, { host: "other.test" }));
    assert.equal(otherHost?.headers["docker-content-digest"], image.manifest.digest);
    assert.deepEqual(asked(), []);
  });
});
