/** An S3-compatible server on loopback that checks signatures, including presigned ones: https://github.com/versity/versitygw */
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import type { S3Store } from "../../components/pod/store.ts";
import { ensureTool } from "../setup/go-tools.ts";
import { type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { freePort } from "./ports.ts";
import { startProcess } from "./process.ts";
import { tempDir } from "./scope.ts";
import { waitUntil } from "./wait.ts";

export interface TestS3 extends AsyncDisposable {
  /** A proxy in front of the server, through which the clients of {@link store} reach it. */
  readonly proxy: FaultProxy;
  /** The bucket, without the name of a Secret with its keys. */
  store(delivery: S3Store["delivery"]): S3Store;
  /** The bucket as a backend of Pulumi's state: https://www.pulumi.com/docs/iac/concepts/state-and-backends/#aws-s3 */
  readonly backend: { readonly url: string; readonly environment: NodeJS.ProcessEnv };
  /** The `data` of a Secret with the bucket's keys, in podman's format. */
  readonly secret: string;
  /** The keys of another user, whom the server knows, and who has no rights to the bucket. */
  stranger(): Promise<NodeJS.ProcessEnv>;
  /** Stores an object. */
  put(key: string, text: string): Promise<void>;
  /** Keys of all objects that match, sorted. */
  keys(pattern: RegExp): Promise<string[]>;
  /** Deletes all objects that match, without telling anyone, as a lifecycle rule does. @returns their keys */
  remove(pattern: RegExp): Promise<string[]>;
}

const bucket = "registry-cache";
const region = "eu-central-1";
const accessKey = "TESTACCESSKEY0000000";
const secretKey = "not/a/real/secret/key/0000000000000000000";

/** Starts a server with one empty bucket. */
export async function startS3(): Promise<TestS3> {
  const dir = await tempDir();
  const data = join(dir.path, "data");
  const objects = join(data, bucket);
  await mkdir(objects, { recursive: true });
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const program = await ensureTool("versitygw");
  const users = join(dir.path, "users");
  await mkdir(users);
  const server = await startProcess(
    program,
    [
      "--port",
      address,
      "--region",
      region,
      "--access",
      accessKey,
      "--secret",
      secretKey,
      "--iam-dir",
      users,
      "--quiet",
      "posix",
      data,
    ],
    { logFile: join(dir.path, "versitygw.log") },
  );
  const url = new URL(`http://${address}`);
  await waitUntil("the S3 server answers", async () => (await fetch(url)).status > 0);
  const proxy = await startFaultProxy(url);
  const keys = async (pattern: RegExp) => {
    const entries = await readdir(objects, { recursive: true, withFileTypes: true });
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(objects.length + 1))
      .filter((key) => !key.startsWith(".sgwtmp/") && pattern.test(key))
      .sort();
  };
  return {
    proxy,
    store: (delivery) => ({
      kind: "s3",
      bucket,
      region,
      endpoint: proxy.url.origin,
      pathStyle: true,
      delivery,
    }),
    backend: {
      url: `s3://${bucket}?region=${region}&endpoint=${address}&disableSSL=true&s3ForcePathStyle=true`,
      environment: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey },
    },
    secret: JSON.stringify({
      accessKey: Buffer.from(accessKey).toString("base64"),
      secretKey: Buffer.from(secretKey).toString("base64"),
    }),
    async stranger() {
      const [access, secret] = ["STRANGER", "not/a/real/secret/key/1111111111111111111"];
      const root = ["--access", accessKey, "--secret", secretKey, "--endpoint-url", url.origin];
      const user = ["--access", access, "--secret", secret, "--role", "user"];
      await execa(program, ["admin", ...root, "--region", region, "create-user", ...user]);
      return { AWS_ACCESS_KEY_ID: access, AWS_SECRET_ACCESS_KEY: secret };
    },
    async put(key, text) {
      const signed = ["--aws-sigv4", `aws:amz:${region}:s3`, "--user", `${accessKey}:${secretKey}`];
      const unsigned = ["-H", "x-amz-content-sha256: UNSIGNED-PAYLOAD"];
      const put = ["-fsS", ...signed, ...unsigned, "-X", "PUT", "--data-binary", "@-"];
      await execa("curl", [...put, `${url.origin}/${bucket}/${key}`], { input: text });
    },
    keys,
    async remove(pattern) {
      const found = await keys(pattern);
      for (const key of found) await rm(join(objects, key));
      return found;
    },
    async [Symbol.asyncDispose]() {
      await proxy.stopListening();
      await server.stop();
      await dir[Symbol.asyncDispose]();
    },
  };
}
