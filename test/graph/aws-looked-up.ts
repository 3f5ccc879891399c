/** The look-ups in AWS before a region is created, and their answers. */
import assert from "node:assert/strict";
import type { Regions } from "../../components/config/schema.ts";
import { lookUpIn } from "../../components/hosts/aws/account.ts";
import { awsProvider } from "../../components/hosts/aws/provider.ts";
import { type FoundVm, findVm } from "../../components/hosts/aws/vm/findings.ts";
import { planAwsVm } from "../../components/hosts/aws/vm/plan.ts";
import { awsUserData } from "../../components/hosts/aws/vm/user-data.ts";
import type { LookedUp, PlanRequest } from "../../components/hosts/kind.ts";
import { ami, offersIn, routeTable, toInternet } from "../support/aws-graph.ts";
import { registeredBy } from "../support/graph.ts";
import { planRequest } from "../support/plan-request.ts";
import { previousState } from "../support/previous-state.ts";

export const vpc = "vpc-0aaaaaaaaaaaaaaa0";

export const subnet = "subnet-0bbbbbbbbbbbbbbb0";

export const image = "ami-0feedfacefeedface";

export const list = "pl-0123456789abcdef0";

export type Answers = Record<string, (inputs: Record<string, unknown>) => Record<string, unknown>>;

/** Throws a provider's refusal in the form in which the engine passes it on. */
export const refused = (details: string) => () => {
  throw Object.assign(new Error(), {
    details: `invocation of aws:module/get:get returned an error: invoking aws:module/get:get: ${details}`,
  });
};

/** The image that an update stored for another region. */
export const keptImage = "ami-0badcafebadcafe00";

/** The state of a region with a machine. */
const boot = { region: "eu-west-2", bucket: "registry-cache-eu-west-2-1", volumeId: "vol-0aaaaaaaaaaaaaaa0" };

const state = previousState({
  "pulumi:index:Stash::eu-west-1-image-arm64": { output: keptImage },
  "pulumi:index:Stash::eu-west-2-image-arm64": { output: keptImage },
  "aws:ec2/instance:Instance::eu-west-2": {
    ami: keptImage,
    instanceType: "c7gn.medium",
    userDataBase64: awsUserData({ ...boot, architecture: "arm64" }),
  },
  "aws:ec2/networkInterface:NetworkInterface::eu-west-2": { subnetId: subnet },
  "aws:ec2/subnet:Subnet::eu-west-2": { availabilityZone: "eu-west-2a" },
  "aws:ec2/volumeAttachment:VolumeAttachment::eu-west-2": { volumeId: boot.volumeId },
  "aws:s3/bucket:Bucket::eu-west-2": { bucket: boot.bucket },
});

/** Removes the warning about the quota of vCPUs, which AWS doesn't answer here. aws-vcpus.test.ts tests it. */
export const withoutQuota = (warning: string) => !warning.includes("can't check the quota of vCPUs");

/** Answers by the last part of a function's token. */
const answers: Answers = {
  getInstanceTypeOfferings: offersIn(["eu-central-1c", "eu-central-1-ham-1a", "eu-central-1b"]),
  getRouteTable: () => routeTable(...toInternet),
  getManagedPrefixList: () => ({ addressFamily: "IPv6", maxEntries: 40, entries: [] }),
  getServiceQuota: refused("AccessDenied"),
  getSubnet: () => ({
    vpcId: vpc,
    cidrBlock: "10.1.2.0/24",
    availabilityZone: "eu-central-1c",
    ipv6CidrBlock: "2001:db8:1:ff00::/64",
  }),
  getZone: () => ({ zoneId: "Z1", arn: "arn:aws:route53:::hostedzone/Z1" }),
  // EC2 hides deprecated images unless the request includes them.
  getAmi: ({ includeDeprecated }) =>
    includeDeprecated ? ami() : refused("Your query returned no results")(),
  getCallerIdentity: () => ({ accountId: "123456789012" }),
  readStackResourceOutputs: () => ({ outputs: state }),
  getBucket: refused("reading S3 Bucket (registry-cache): couldn't find resource"),
  getParameter: ({ name }) => ({ insecureValue: "ami-0123456789abcdef0", arn: `arn:${name}` }),
};

/**
 * Looks up a region with these keys.
 * @param answers by the last part of a function's token
 * @param keys of the stack
 */
export async function lookedUpBy<Kind extends "aws vm" | "aws cluster", Found extends object>(
  kind: Kind,
  rest: Record<string, unknown>,
  answers: Answers,
  ask: (request: PlanRequest<Regions[Kind]>) => Promise<LookedUp<Found>>,
  keys: Record<string, unknown> = {},
): Promise<LookedUp<Found>> {
  const request = planRequest(kind, {
    provider: "aws",
    regions: [
      {
        name: "eu-central-1",
        endpoint: { hostname: "cache.example.com", tls: { mode: "private" } },
        access: { clients: ["203.0.113.0/24"] },
        ...rest,
      },
    ],
    upstreams: [{ name: "gsoci", registry: "gsoci.azurecr.io", repositories: ["giantswarm/**"] }],
    ...keys,
  });
  let result: LookedUp<Found> | undefined;
  await registeredBy(
    async () => {
      result = await ask(request);
    },
    undefined,
    (token, inputs) => {
      const answer = answers[token.split(":").at(-1) ?? ""];
      assert.ok(answer, token);
      return answer(inputs);
    },
  );
  assert.ok(result);
  return result;
}

/** Looks up a region with a machine. */
export function lookedUp(
  change: Record<string, unknown> = {},
  other: Answers = {},
  keys: Record<string, unknown> = {},
): Promise<LookedUp<FoundVm>> {
  const region = { topology: "vm", storage: { kind: "disk", size: "240GiB" }, ...change };
  const ask = (request: PlanRequest<Regions["aws vm"]>) =>
    lookUpIn(planAwsVm(request).plan, { provider: awsProvider(request, {}) }, findVm);
  return lookedUpBy("aws vm", region, { ...answers, ...other }, ask, keys);
}

export const zone = { zone: "example.com" };
