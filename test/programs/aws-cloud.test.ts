/** The script with which a machine in AWS reads objects, parameters and keys. An S3-compatible server checks signatures, and the test's own server has parameters and keys. */
import assert from "node:assert/strict";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, test } from "node:test";
import { execa } from "execa";
import { cloudScript } from "../../components/hosts/aws/vm/user-data.ts";
import { startS3, type TestS3 } from "../support/s3.ts";
import { scope, tempDir } from "../support/scope.ts";
import { startServer } from "../support/server.ts";

const digest = "0123456789abcdef".repeat(4);

interface Asked {
  readonly what: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

describe("what the machine asks AWS", { concurrency: 1 }, () => {
  const parts = scope({ after });
  let s3: TestS3;
  let keys: Record<string, string>;
  let directory: string;
  let endpoint: string;
  const asked: Asked[] = [];
  // The S3-compatible server only accepts keys without a session token.
  let sessionToken = "";

  before(async () => {
    s3 = parts.use(await startS3());
    keys = Object.fromEntries(
      Object.entries<string>(JSON.parse(s3.secret)).map(([name, value]) => [
        name,
        Buffer.from(value, "base64").toString(),
      ]),
    );
    directory = parts.use(await tempDir()).path;
    await writeFile(join(directory, "cloud"), cloudScript("eu-central-1", "bucket"), { mode: 0o755 });
    const server = await startServer(async (request, response) => {
      const { method, url = "", headers } = request;
      const body = await text(request);
      asked.push({ what: `${method} ${url}`, headers, body });
      response.end(answer(url, body));
    });
    endpoint = parts.use(server).url;
  });

  /** Answers for the metadata service and for Parameter Store, which returns the encrypted value unless it is asked to decrypt. */
  function answer(url: string, body: string): string {
    switch (url) {
      case "/latest/api/token":
        return "the-token";
      case "/latest/meta-data/iam/security-credentials/":
        return "the-role";
      case "/latest/meta-data/iam/security-credentials/the-role":
        return JSON.stringify({
          AccessKeyId: keys.accessKey,
          SecretAccessKey: keys.secretKey,
          Token: sessionToken,
        });
      default: {
        const { WithDecryption } = JSON.parse(body);
        return JSON.stringify({
          Parameter: { Value: WithDecryption ? 'it\'s\n$(a) "secret"\n' : "AQICAHi", Version: 7 },
        });
      }
    }
  }

  function cloud(...args: string[]) {
    return execa(join(directory, "cloud"), args, {
      env: {
        RUN: directory,
        AWS_ENDPOINT_URL_S3: `${s3.proxy.url.origin}/registry-cache`,
        AWS_ENDPOINT_URL_SSM: endpoint,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint,
      },
      reject: false,
      stripFinalNewline: false,
    });
  }

  test("reads the wanted digest, and downloads it only after a change", async () => {
    await s3.put("pod", digest);
    const first = await cloud("wanted");
    assert.deepEqual([first.exitCode, first.stdout], [0, digest], first.stderr);
    s3.proxy.forget();
    for (let count = 0; count < 2; count++) assert.equal((await cloud("wanted")).stdout, digest);
    assert.deepEqual(
      s3.proxy.requests.map(({ status }) => status),
      [304, 304],
    );
    const other = "f".repeat(64);
    await s3.put("pod", other);
    assert.equal((await cloud("wanted")).stdout, other);
    await s3.put("pod", digest);
    assert.equal((await cloud("wanted")).stdout, digest);
  });

  test("ignores an incomplete answer", async () => {
    await writeFile(join(directory, "pointer.new"), "half");
    assert.equal((await cloud("wanted")).stdout, digest);
  });

  test("reads the Pod, byte by byte", async () => {
    const pod = `{\n "a": "${"x".repeat(100_000)}"\n}\n`;
    await s3.put(`pods/${digest}.json`, pod);
    const { exitCode, stdout } = await cloud("pod", digest);
    assert.equal(exitCode, 0);
    assert.equal(stdout, pod);
  });

  test("fails for a missing Pod", async () => {
    const { exitCode, stdout, stderr } = await cloud("pod", "f".repeat(64));
    assert.deepEqual([exitCode, stdout], [22, ""]);
    assert.match(stderr, /404|403/);
  });

  test("reads a parameter's value with its lines, and its version without a right on its key", async () => {
    asked.length = 0;
    sessionToken = "the/session+token==";
    assert.equal((await cloud("secret", "/stack/one")).stdout, 'it\'s\n$(a) "secret"\n');
    assert.equal((await cloud("version", "/stack/one")).stdout, "7");
    const questions = asked.filter(({ what }) => what === "POST /");
    assert.deepEqual(
      questions.map(({ body }) => JSON.parse(body)),
      [true, false].map((WithDecryption) => ({ Name: "/stack/one", WithDecryption })),
    );
    for (const { headers } of questions) {
      assert.equal(headers["x-amz-target"], "AmazonSSM.GetParameter");
      assert.match(
        String(headers.authorization),
        /^AWS4-HMAC-SHA256 Credential=\w+\/\d{8}\/eu-central-1\/ssm\/aws4_request, ?SignedHeaders=.*x-amz-security-token/,
      );
      assert.equal(headers["x-amz-security-token"], sessionToken);
    }
  });

  test("passes no keys as arguments, and asks the metadata service with a token", async () => {
    asked.length = 0;
    const [bin, log] = [join(directory, "bin"), join(directory, "arguments")];
    await mkdir(bin);
    const curl = `#!/bin/sh\nprintf '%s\\n' "$*" >>${log}\nPATH=\${PATH#*:} exec curl "$@"\n`;
    await writeFile(join(bin, "curl"), curl, { mode: 0o755 });
    await execa(join(directory, "cloud"), ["version", "/stack/one"], {
      env: {
        PATH: `${bin}:${process.env.PATH}`,
        RUN: directory,
        AWS_ENDPOINT_URL_SSM: endpoint,
        AWS_EC2_METADATA_SERVICE_ENDPOINT: endpoint,
      },
    });
    const calls = (await readFile(log, "utf8")).trimEnd().split("\n");
    assert.ok(calls.length >= 4);
    assert.doesNotMatch(calls.join("\n"), new RegExp(`${keys.secretKey}|the-token|session`));
    const { headers } = asked.find(({ what }) => what.endsWith("/the-role")) ?? {};
    assert.equal(headers?.["x-aws-ec2-metadata-token"], "the-token");
  });

  test("fails without a metadata service", async () => {
    const dead = await execa(join(directory, "cloud"), ["wanted"], {
      env: { RUN: directory, AWS_EC2_METADATA_SERVICE_ENDPOINT: "http://127.0.0.1:1" },
      reject: false,
    });
    assert.notEqual(dead.exitCode, 0);
    assert.equal(dead.stdout, "");
  });
});
