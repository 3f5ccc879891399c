/** What a machine in Azure reads as its Pod: a line with its digest, and the rest compressed. */
import { gunzipSync } from "node:zlib";

/** @param userData base64 @throws where it isn't one */
export function podOf(userData: string): { readonly digest: string; readonly text: string } {
  const bytes = Buffer.from(userData, "base64");
  const end = bytes.indexOf("\n");
  return { digest: bytes.toString("utf8", 0, end), text: gunzipSync(bytes.subarray(end + 1)).toString() };
}
