/** The Pods and secrets that a machine requests from its cloud, served by this host. */

import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { cloudScript } from "../../components/hosts/aws/vm/user-data.ts";
import { sha256 } from "../../components/hosts/naming.ts";
import { startS3 } from "../support/s3.ts";

export interface Store extends AsyncDisposable {
  /** Secrets by name. The machine may not read yet what isn't here. */
  readonly secrets: Map<string, string>;
  /** Names of requested secrets in order, including refused requests. */
  readonly asked: readonly string[];
  /** Makes a Pod the wanted one. @param bundle bundleText() @returns its digest */
  want(bundle: string): Promise<string>;
  /** The scripts with which a machine asks the cloud: AWS's own, whose objects are on a server that checks signatures, and a simple one. */
  readonly scripts: { readonly aws: string; readonly plain: string };
}

/** @param hostAddress at which the machine reaches this host */
export async function startStore(hostAddress: string): Promise<Store> {
  const parts = new AsyncDisposableStack();
  const s3 = parts.use(await startS3());
  const keys = Object.entries<string>(JSON.parse(s3.secret)).map(([name, value]) => [
    name,
    Buffer.from(value, "base64").toString(),
  ]);
  const { accessKey, secretKey } = Object.fromEntries(keys);
  const secrets = new Map<string, string>();
  const asked: string[] = [];
  const bundles = new Map<string, string>();

  function secret(name: string): { readonly value: string; readonly version: string } | undefined {
    asked.push(name);
    const value = secrets.get(name);
    return value === undefined ? undefined : { value, version: hash(value) };
  }

  function answer(path: string, body: string): string | undefined {
    const [, question, name = ""] = /^\/([^/]*)\/?(.*)$/.exec(path) ?? [];
    switch (question) {
      case "wanted":
        return [...bundles.keys()].at(-1);
      case "pod":
        return bundles.get(name);
      case "secret":
        return secret(name)?.value;
      case "version":
        return secret(name)?.version;
      // The metadata service's answers.
      case "latest":
        if (name === "api/token") return "token";
        if (name.endsWith("/")) return "role";
        return JSON.stringify({ AccessKeyId: accessKey, SecretAccessKey: secretKey, Token: "" });
      // Parameter Store's answers.
      case "": {
        const found = secret(JSON.parse(body).Name);
        return found && JSON.stringify({ Parameter: { Value: found.value, Version: found.version } });
      }
      default:
        return undefined;
    }
  }

  const server = createServer(async (request, response) => {
    const found = answer(decodeURIComponent(request.url ?? ""), await text(request));
    if (found === undefined) response.writeHead(403).end();
    else response.end(found);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  parts.defer(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const url = `http://${hostAddress}:${(server.address() as AddressInfo).port}`;
  const endpoints = {
    AWS_ENDPOINT_URL_S3: `http://${hostAddress}:${s3.proxy.url.port}/registry-cache`,
    AWS_ENDPOINT_URL_SSM: url,
    AWS_EC2_METADATA_SERVICE_ENDPOINT: url,
  };
  const exports = Object.entries(endpoints).map(([name, value]) => `export ${name}=${value}\n`);
  return {
    secrets,
    asked,
    async want(bundle) {
      const digest = sha256(bundle);
      bundles.delete(digest);
      bundles.set(digest, bundle);
      await s3.put(`pods/${digest}.json`, bundle);
      await s3.put("pod", digest);
      return digest;
    },
    scripts: {
      aws: cloudScript("eu-central-1", "unused").replace("\n", `\n${exports.join("")}`),
      plain: `#!/bin/sh\nexec curl -fsS --max-time 20 "${url}/$1/\${2-}"\n`,
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

function hash(value: string): string {
  return createHash("sha256").update(value).digest("hex").slice(0, 8);
}
