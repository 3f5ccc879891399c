import assert from "node:assert/strict";
import type { Secrets } from "../../components/config/credentials.ts";
import type { StackConfig } from "../../components/config/schema.ts";
import type { Host } from "../../components/hosts/kind.ts";
import { planRegion } from "../../components/hosts/kinds.ts";
import { type RegisteredResource, registeredBy } from "./graph.ts";

/** AWS's answer to which types it offers: in each zone, those that pass `isOffered`. */
export function offersIn(
  zones: readonly string[],
  isOffered: (type: string, zone: string) => boolean = () => true,
) {
  return ({ filters }: Record<string, unknown>) => {
    const [{ values }] = filters as [{ values: string[] }];
    const found = zones.flatMap((zone) =>
      values.filter((type) => isOffered(type, zone)).map((type) => ({ zone, type })),
    );
    return { locations: found.map(({ zone }) => zone), instanceTypes: found.map(({ type }) => type) };
  };
}

/** AWS's description of an image for Arm machines. */
export function ami(change: Record<string, unknown> = {}) {
  const root = { deviceName: "/dev/xvda", ebs: { volume_size: "8" } };
  return {
    architecture: "arm64",
    state: "available",
    rootDeviceName: root.deviceName,
    blockDeviceMappings: [root],
    ...change,
  };
}

/** A key that everything may be encrypted with. */
export const kmsKey = {
  arn: "arn:aws:kms:eu-central-1:123456789012:key/1",
  keyManager: "CUSTOMER",
  keySpec: "SYMMETRIC_DEFAULT",
  keyState: "Enabled",
  keyUsage: "ENCRYPT_DECRYPT",
};

/** A route table with these routes. */
export function routeTable(...routes: readonly Record<string, string>[]) {
  const nowhere = {
    cidrBlock: "",
    ipv6CidrBlock: "",
    gatewayId: "",
    natGatewayId: "",
    transitGatewayId: "",
    vpcPeeringConnectionId: "",
    vpcEndpointId: "",
    networkInterfaceId: "",
  };
  return { routeTableId: "rtb-1", routes: routes.map((route) => ({ ...nowhere, ...route })) };
}

export const toInternet = [
  { cidrBlock: "0.0.0.0/0", gatewayId: "igw-1" },
  { ipv6CidrBlock: "::/0", gatewayId: "igw-1" },
] as const;

export const toNat = [{ cidrBlock: "0.0.0.0/0", natGatewayId: "nat-1" }] as const;

/** The resources and the host of a region in AWS. */
export interface AwsGraph {
  readonly resources: readonly RegisteredResource[];
  readonly host: Host;
  /** The only resource of a type and, if given, of a name. */
  resource(type: string, name?: string): RegisteredResource;
}

/**
 * Plans, looks up and creates the only region of a stack without problems.
 * @param created and `found`: see {@link registeredBy}.
 */
export async function awsGraph(
  { regions, ...shared }: StackConfig,
  secrets: Secrets,
  created: Parameters<typeof registeredBy>[1],
  found: Parameters<typeof registeredBy>[2],
): Promise<AwsGraph> {
  const [region] = regions;
  assert.ok(region);
  const planned = await planRegion(region, { ...shared, stack: "test" });
  let host: Host | undefined;
  const resources = await registeredBy(
    async () => {
      const lookedUp = await planned.lookUp();
      assert.deepEqual(lookedUp.problems, []);
      assert.ok(lookedUp.provider);
      host = lookedUp.createHost(secrets, { providers: [lookedUp.provider] });
    },
    created,
    found,
  );
  assert.ok(host);
  return {
    resources,
    host,
    resource(type, name) {
      const matching = resources.filter((it) => it.type === type && (name ?? it.name) === it.name);
      assert.equal(matching.length, 1, `${matching.length} of ${type} ${name ?? ""}`);
      return matching[0] as RegisteredResource;
    },
  };
}
