import { block, type Directive, directive } from "../nginx-conf.ts";

/**
 * An OCI error body: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 *
 * containerd tries the next host after any status over 299, except 408 and 429, after which it retries the same host. So the edge sends neither.
 */
export function errorBody(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

/** Answers every request to a server or location with this error. */
export function refusal(status: number, code: string, message: string): Directive {
  return directive("return", status, errorBody(code, message));
}

export const unavailable = refusal(503, "UNAVAILABLE", "the upstream registry can't be reached");
const unknown = refusal(404, "NAME_UNKNOWN", "not a repository that this cache serves");

/** nginx's own statuses for requests that it can't read. Clients get 404 instead, after which they try the next host. */
const malformed = [400, 413, 414, 494, 497, 501, 505];

/** The answers to errors of nginx and of an origin. For the server block, and for locations with an `error_page` of their own, which inherit none. */
export const errorPages = [
  directive("error_page", 405, "@method"),
  directive("error_page", 401, 403, "=404", "@denied"),
  directive("error_page", 412, 416, "@unmet"),
  directive("error_page", 408, 429, 500, 502, 503, 504, "=503", "@unavailable"),
];

/**
 * For the server block. It refuses requests that nginx can't read, that aren't GET or HEAD, that don't match the grammar, or that aren't on the
 * allow-list. Every error gets a body. An origin's own 404 already has an OCI body, so it stays unchanged.
 */
export function refusals(): Directive[] {
  return [
    // First, because the target may be on the allow-list. Not a named location, because nginx can't redirect to one before it has read a target.
    directive("error_page", ...malformed, "=404", "/malformed"),
    block("if", "($uri", "=", "/malformed)", [
      refusal(404, "UNSUPPORTED", "not a request that this cache understands"),
    ]),
    block("if", "($request_method", "!~", "^(?:GET|HEAD)$)", [directive("return", 405)]),
    block("if", "($verdict", "!=", "allow)", [unknown]),
    ...errorPages,
    block("location", "@method", [
      directive("add_header", "Allow", "GET, HEAD", "always"),
      refusal(405, "UNSUPPORTED", "this cache is read-only"),
    ]),
    block("location", "@denied", [refusal(404, "DENIED", "not for this client, or not for this cache")]),
    // The client gets the original status, 412 or 416, because an error_page without `=` overrides the status of `return`.
    block("location", "@unmet", [
      refusal(416, "UNSUPPORTED", "the content isn't what the request's conditions ask for"),
    ]),
    block("location", "@unavailable", [unavailable]),
    block("location", "/", [unknown]),
  ];
}
