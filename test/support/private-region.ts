/** Regions for governed accounts, by stack file: not reachable from the internet, and with everything that such accounts require. */
import { existing as inAws } from "../doubles/aws/existing.ts";
import { existing as inAzure } from "../doubles/azure/account.ts";
import { aws } from "./cloud-aws.ts";
import { awsCluster } from "./cloud-aws-cluster.ts";
import { azure } from "./cloud-azure.ts";
import { azureCluster } from "./cloud-azure-cluster.ts";
import { type Config, keysOf } from "./stack-files.ts";

export interface PrivateRegion {
  /** The stack's `governance`. */
  readonly governance: Config;
  /** Merged over the region even while it is public. */
  readonly always: Config;
  readonly endpoint: Config;
  readonly access: Config;
  readonly apiAccess?: readonly string[];
}

const tags = { "cost-center": "4711" };
const acme = { mode: "acme", email: "platform@example.com" };
const access = { clients: ["10.0.0.0/8"] };

const inAwsAccount = { exposure: "private", privateLink: { allowed: ["210987654321"] } };
const inSubscription = {
  exposure: "private",
  privateLink: { allowed: ["22222222-2222-4222-8222-222222222222"] },
};

export const privateRegions: Readonly<Record<string, PrivateRegion>> = {
  [aws.file]: {
    governance: { ...aws.governed, tags },
    always: {},
    endpoint: {
      ...inAwsAccount,
      hostname: `cache.${inAws.privateZone.name}`,
      zone: inAws.privateZone.name,
      tls: { ...acme, challengeZone: inAws.zone.name },
      failover: "dns",
    },
    access,
  },
  [awsCluster.file]: {
    governance: { ...awsCluster.governed, tags },
    always: awsCluster.adopting,
    endpoint: { ...endpointOf(awsCluster.file), ...inAwsAccount },
    access,
    apiAccess: ["10.0.0.0/8"],
  },
  [azure.file]: {
    governance: { ...azure.governed, ...azure.governedNetwork, tags },
    always: {},
    endpoint: {
      ...inSubscription,
      hostname: `cache.westeurope.${inAzure.privateZone}`,
      zone: inAzure.privateZone,
      zoneResourceGroup: inAzure.zoneResourceGroup,
      tls: {
        ...acme,
        challengeZone: inAzure.zone,
        challengeZoneResourceGroup: inAzure.zoneResourceGroup,
      },
    },
    access,
  },
  [azureCluster.file]: {
    governance: { ...azureCluster.governed, ...azureCluster.governedNetwork, tags },
    always: {},
    endpoint: {
      ...inSubscription,
      hostname: `cache.${inAzure.zoneElsewhere.zone}`,
      ...inAzure.zoneElsewhere,
      tls: acme,
    },
    access,
  },
};

/** The endpoint of the first region of a stack's file. */
export function endpointOf(file: string): Config {
  return (keysOf(file).regions as Config[])[0]?.endpoint as Config;
}

/** Arguments for {@link CloudStack.configure}. */
export function privateConfig(file: string): [keys: Config, region: Config] {
  const { governance, always, ...region } = privateRegions[file] ?? {};
  return [{ governance }, { ...always, ...region }];
}
