/** The two calls of AWS KMS that Pulumi uses: https://docs.aws.amazon.com/kms/latest/APIReference/API_Encrypt.html */
import { createCipheriv, randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

export interface TestKms extends AsyncDisposable {
  /** Environment by which the SDK finds the service and credentials. */
  readonly environment: NodeJS.ProcessEnv;
}

const mark = Buffer.from("encrypted:");

/** The key of the stacks that this process creates. */
const dataKey = randomBytes(32);

/** The key as the double encrypts it. */
export const encryptedKey = encrypted(dataKey);

/** Encrypts a value with the key, as the engine does: https://github.com/pulumi/pulumi/blob/v3.259.0/sdk/go/common/resource/config/crypt.go */
export function seal(value: string): string {
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", dataKey, nonce);
  const sealed = Buffer.concat([cipher.update(value), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${sealed.toString("base64")}`;
}

function encrypted(plaintext: Buffer): string {
  return Buffer.concat([mark, plaintext]).toString("base64");
}

/** Starts a double that doesn't really encrypt: the ciphertext is the plaintext with a mark in front. It doesn't keep the process alive. */
export async function startKms(): Promise<TestKms> {
  const server = createServer(async (request, response) => {
    const { Plaintext = "", CiphertextBlob = "", KeyId } = (await json(request)) as Record<string, string>;
    const sealed = Buffer.from(CiphertextBlob, "base64");
    const answer =
      request.headers["x-amz-target"] === "TrentService.Encrypt"
        ? { CiphertextBlob: encrypted(Buffer.from(Plaintext, "base64")) }
        : { Plaintext: sealed.subarray(mark.length).toString("base64") };
    response.setHeader("content-type", "application/x-amz-json-1.1");
    response.end(JSON.stringify({ ...answer, KeyId }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  server.unref();
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      AWS_ENDPOINT_URL_KMS: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "of no use to anyone",
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
