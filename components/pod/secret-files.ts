import type * as pulumi from "@pulumi/pulumi";
import type { Credentials, Secrets } from "../config/credentials.ts";
import type { StackConfig, Upstream } from "../config/schema.ts";
import { isZot } from "../config/upstream.ts";
import { originCredentials } from "./origin.ts";
import { remoteWriteSecret } from "./prometheus.ts";
import { credentialsSecret, remoteWrite } from "./secrets.ts";
import { zotCredentials } from "./zot.ts";

/** The content of each file in secrets.ts, by the secret's name. */
export function secretFiles(
  { upstreams, monitoring: { remoteWrite: metrics } }: Pick<StackConfig, "upstreams" | "monitoring">,
  { credentials, remoteWriteCredentials }: Secrets,
): Record<string, pulumi.Output<string>> {
  const ofUpstreams = upstreams.flatMap((upstream) => {
    const content = credentials[upstream.credentials ?? ""]?.apply((known) =>
      upstreamSecret(upstream, known),
    );
    return content ? [[credentialsSecret(upstream.name), content] as const] : [];
  });
  const ofRemoteWrite = metrics?.credentials && remoteWriteCredentials?.apply(remoteWriteSecret);
  return { ...Object.fromEntries(ofUpstreams), ...(ofRemoteWrite && { [remoteWrite]: ofRemoteWrite }) };
}

/** The content of an upstream's secret: its credentials in the format of its engine. */
export function upstreamSecret(upstream: Upstream, credentials: Credentials): string {
  return isZot(upstream) ? zotCredentials(upstream.url, credentials) : originCredentials(credentials);
}
