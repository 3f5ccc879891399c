import { block, type Directive, directive } from "../nginx-conf.ts";

/**
 * Answers with an OCI error body: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
 *
 * containerd goes to the next host on any status over 299 but 408 and 429, which it sends to the same host again: neither is ever answered.
 */
export function errorBody(code: string, message: string): string {
  return JSON.stringify({ errors: [{ code, message }] });
}

/** For a server or location that answers everything so. */
export function refusal(status: number, code: string, message: string): Directive {
  return directive("return", status, errorBody(code, message));
}

export const unavailable = refusal(503, "UNAVAILABLE", "the upstream registry can't be reached");
const unknown = refusal(404, "NAME_UNKNOWN", "not a repository that this cache serves");

/** Statuses of nginx's own for what it refuses to read: of no use to a client, which needs to know only that it should go on to the next host. */
const malformed = [400, 413, 414, 494, 497, 501, 505];

/** How nginx's own errors, and those of an origin, are answered. For the server block, and for a location that has an `error_page` of its own. */
export const errorPages = [
  directive("error_page", 405, "@method"),
  directive("error_page", 401, 403, "=404", "@denied"),
  directive("error_page", 412, 416, "@unmet"),
  directive("error_page", 408, 429, 500, 502, 503, 504, "=503", "@unavailable"),
];

/**
 * For the server block: a request that can't be read, isn't GET or HEAD, isn't in the grammar or isn't on the allow-list ends here, and every
 * error gets a body. An origin's own 404 has an OCI body already and stays as it is.
 */
export function refusals(): Directive[] {
  return [
    // First, because its target may well be on the allow-list. No named location: nginx can't redirect there before it has read a target.
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
    // The status stays what it was, 412 or 416: an error_page without `=` has the last word over `return`.
    block("location", "@unmet", [
      refusal(416, "UNSUPPORTED", "the content isn't what the request's conditions ask for"),
    ]),
    block("location", "@unavailable", [unavailable]),
    block("location", "/", [unknown]),
  ];
}
