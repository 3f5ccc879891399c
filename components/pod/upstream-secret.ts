import type { Credentials } from "../config/credentials.ts";
import type { Upstream } from "../config/schema.ts";
import { isZot } from "../config/upstream.ts";
import { originCredentials } from "./origin.ts";
import { zotCredentials } from "./zot.ts";

/** The content of an upstream's secret: its credentials in the format of its engine. */
export function upstreamSecret(upstream: Upstream, credentials: Credentials): string {
  return isZot(upstream) ? zotCredentials(upstream.url, credentials) : originCredentials(credentials);
}
