/** Stack configurations before validation. */
import assert from "node:assert/strict";
import { parseConfig } from "../../components/config/parse.ts";
import { ConfigError } from "../../components/config/problems.ts";

export const upstreams = [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }];
export const local = { provider: "local", regions: [{ name: "local" }], upstreams };
export const awsRegion = {
  name: "eu-central-1",
  topology: "vm",
  storage: { kind: "disk", size: "200GiB" },
  endpoint: {
    hostname: "cache.example.com",
    zone: "example.com",
    tls: { mode: "acme", email: "ops@example.com" },
  },
  access: { clients: ["203.0.113.0/24"] },
};
export const aws = { provider: "aws", regions: [awsRegion], upstreams };

/** The problems of a configuration as lines `path: message`. */
export function problemsOf(raw: Record<string, unknown>): string[] {
  try {
    parseConfig(raw);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.problems.map(({ path, message }) => `${path}: ${message}`);
  }
}

/** Asserts that there is exactly one problem, and that it matches. */
export function assertProblem(raw: Record<string, unknown>, expected: RegExp): void {
  const problems = problemsOf(raw);
  assert.equal(problems.length, 1, problems.join("\n") || `no problem, expected ${expected}`);
  assert.match(problems[0] ?? "", expected);
}

export const withUpstream = (changes: object) => ({ ...local, upstreams: [{ ...upstreams[0], ...changes }] });
export const withLocal = (changes: object) => ({ ...local, regions: [{ name: "local", ...changes }] });
export const withAws = (changes: object) => ({ ...aws, regions: [{ ...awsRegion, ...changes }] });
export const kubernetesRegion = {
  name: "lab",
  context: "lab",
  endpoint: { hostname: "c.example.com", tls: { mode: "private" } },
  access: { clients: ["10.0.0.0/8"] },
};
export const withKubernetes = (changes: object) => ({
  provider: "kubernetes",
  regions: [{ ...kubernetesRegion, ...changes }],
  upstreams,
});
export const withAwsEndpoint = (changes: object) =>
  withAws({ endpoint: { ...awsRegion.endpoint, ...changes } });
