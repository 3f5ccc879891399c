/**
 * Pushes content with the distribution API to a registry that serves plain HTTP.
 * Requests: https://github.com/opencontainers/distribution-spec/blob/main/spec.md#push
 */
import { once } from "node:events";
import { type IncomingMessage, request as send } from "node:http";
import { text } from "node:stream/consumers";
import { type Blob, type Content, mediaTypes } from "./content.ts";

async function request(url: URL, init: RequestInit, expected: readonly number[]): Promise<Response> {
  const response = await fetch(url, init);
  if (!expected.includes(response.status)) {
    throw refused(`${init.method} ${url.pathname}`, response.status, await response.text());
  }
  await response.body?.cancel();
  return response;
}

function refused(what: string, status: number | undefined, answer: string): Error {
  return new Error(`${what}: status ${status}: ${answer.slice(0, 500)}`);
}

/** Uses node:http, because fetch() copies a body several times. */
async function upload(url: URL, bytes: Uint8Array): Promise<void> {
  const headers = { "content-type": "application/octet-stream", "content-length": bytes.length };
  const sent = send(url, { method: "PUT", headers }).end(bytes);
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  const answer = await text(response);
  if (response.statusCode !== 201) throw refused(`PUT ${url.pathname}`, response.statusCode, answer);
}

/** Whether a registry has a tag, or a manifest with a digest. */
export async function hasManifest(registry: URL, repository: string, reference: string): Promise<boolean> {
  const url = new URL(`/v2/${repository}/manifests/${reference}`, registry);
  // The registry answers 404 if the manifest's media type isn't accepted.
  const headers = { accept: `${mediaTypes.index}, ${mediaTypes.manifest}` };
  const response = await request(url, { method: "HEAD", headers }, [200, 404]);
  return response.ok;
}

async function pushBlob(registry: URL, repository: string, blob: Blob): Promise<void> {
  const url = new URL(`/v2/${repository}/blobs/${blob.digest}`, registry);
  const present = await request(url, { method: "HEAD" }, [200, 404]);
  if (present.ok) return;

  const uploads = new URL(`/v2/${repository}/blobs/uploads/`, registry);
  const session = await request(uploads, { method: "POST" }, [202]);
  const location = new URL(session.headers.get("location") ?? "", uploads);
  location.searchParams.set("digest", blob.digest);
  await upload(location, blob.bytes);
}

async function pushManifest(registry: URL, content: Content, reference: string): Promise<void> {
  const url = new URL(`/v2/${content.repository}/manifests/${reference}`, registry);
  const headers = { "content-type": content.manifest.mediaType };
  await request(url, { method: "PUT", body: content.manifest.bytes, headers }, [201]);
}

/**
 * Pushes the blobs that the registry doesn't have, then the manifests, then the tags (which move if they exist).
 * @throws Error with the registry's response when the registry refuses a request
 */
export async function push(registry: URL, content: Content): Promise<void> {
  for (const child of content.children) await push(registry, child);
  for (const blob of content.blobs) await pushBlob(registry, content.repository, blob);
  const references = content.tags.length > 0 ? content.tags : [content.manifest.digest];
  for (const reference of references) await pushManifest(registry, content, reference);
}
