import { getAmi } from "@pulumi/aws/ec2/getAmi.js";
import { getInstanceTypeOfferings } from "@pulumi/aws/ec2/getInstanceTypeOfferings.js";
import { getSubnet } from "@pulumi/aws/ec2/getSubnet.js";
import { getZone } from "@pulumi/aws/route53/getZone.js";
import { getParameter } from "@pulumi/aws/ssm/getParameter.js";
import type * as pulumi from "@pulumi/pulumi";
import type { Architecture } from "../../capacity/machine.ts";
import { planCapacity } from "../../capacity/plan.ts";
import type { LookedUp } from "../host.ts";
import { LookUp } from "../look-up.ts";
import { findAccount } from "./account.ts";
import { findBucketName } from "./bucket-name.ts";
import type { AwsVmRegion, VmPlanArgs } from "./vm-args.ts";

/** What AWS has of what a region's configuration names. */
export interface Findings {
  /** Id of an AMI: that of the configuration, or the newest of Debian. */
  readonly image: string;
  /** The region's own availability zones that have the machine, sorted. */
  readonly machineZones: readonly string[];
  readonly hostedZone?: HostedZone | undefined;
  /** Where the configuration names one. */
  readonly subnet?: ExistingSubnet | undefined;
  /** ARN of the parameter with the provided certificate. */
  readonly certificateArn?: string | undefined;
  /** Name for the bucket, where the configuration asks for one. */
  readonly bucket?: string | undefined;
}

export interface HostedZone {
  readonly id: string;
  readonly arn: string;
}

export interface ExistingSubnet {
  readonly id: string;
  readonly vpcId: string;
  readonly availabilityZone: string;
  readonly hasIpv6: boolean;
}

/** A region in which the static checks have found nothing, and who asks AWS about it. */
interface Question {
  readonly region: AwsVmRegion;
  readonly machine: { readonly type: string; readonly architecture: Architecture };
  readonly lookUp: LookUp;
  readonly options: pulumi.InvokeOptions;
}

/** Asks AWS for all that a region needs to be there. */
export async function findingsFor(
  args: VmPlanArgs,
  provider: pulumi.ProviderResource,
): Promise<LookedUp<Findings>> {
  const { region, workload, upstreams } = args;
  const { plan, problems } = planCapacity({ cloud: "aws", region, workload, upstreams: upstreams.length });
  if (!plan) return { problems };
  const lookUp = new LookUp();
  const options = { provider };
  const accountId = await findAccount(region.name, lookUp, options);
  if (accountId === undefined) return { problems: lookUp.problems };
  const question = { region, machine: plan.machine, lookUp, options };
  const [image, machineZones = [], hostedZone, subnet, certificateArn, bucket] = await Promise.all([
    findImage(question),
    findZones(question),
    findHostedZone(question),
    findSubnet(question),
    findCertificate(question),
    region.storage.kind === "bucket"
      ? findBucketName({ ...question, accountId, region: region.name })
      : undefined,
  ]);
  if (subnet && machineZones.length > 0 && !machineZones.includes(subnet.availabilityZone)) {
    const message = notOffered(plan.machine.type, subnet.availabilityZone, machineZones);
    lookUp.refuse("machine.type", message);
  }
  if (image === undefined || lookUp.problems.length > 0) return { problems: lookUp.problems };
  return { found: { image, machineZones, hostedZone, subnet, certificateArn, bucket }, problems: [] };
}

/** Why a machine can't be where its network and its disk are. */
export function notOffered(type: string, zone: string, zones: readonly string[]): string {
  return `${type} isn't offered in ${zone}, where network and disk are, only in ${zones.join(", ")}`;
}

/** Local Zones have other names. */
async function findZones({ region, machine, lookUp, options }: Question): Promise<string[] | undefined> {
  const filters = [{ name: "instance-type", values: [machine.type] }];
  const answer = await lookUp.ask(
    "machine.type",
    machine.type,
    getInstanceTypeOfferings({ locationType: "availability-zone", filters }, options),
  );
  const zones = answer?.locations.filter((zone) => /^[a-z]$/.test(zone.slice(region.name.length))).sort();
  if (zones?.length === 0) {
    const message = `${machine.type} isn't offered in ${region.name}; choose another, or leave it to auto with another architecture`;
    lookUp.refuse("machine.type", message);
  }
  return zones;
}

/** AWS's names of architectures: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Image.html */
const architectures: Readonly<Record<Architecture, string>> = { arm64: "arm64", amd64: "x86_64" };

async function findImage({ region, machine, lookUp, options }: Question): Promise<string | undefined> {
  const { image } = region.machine;
  if (image === undefined) {
    // Debian's own: https://wiki.debian.org/Cloud/AmazonEC2Image
    const name = `/aws/service/debian/release/13/latest/${machine.architecture}`;
    const newest = await lookUp.ask("machine.image", "Debian's image", getParameter({ name }, options));
    return newest?.insecureValue;
  }
  const filters = [{ name: "image-id", values: [image] }];
  const found = await lookUp.ask("machine.image", image, getAmi({ filters }, options));
  if (found && found.architecture !== architectures[machine.architecture]) {
    const message = `${image} is for ${found.architecture}, and the machine, ${machine.type}, has ${machine.architecture}`;
    lookUp.refuse("machine.image", message);
  }
  return image;
}

/** Of a machine's region, or of a cluster's. */
export async function findHostedZone({
  region,
  lookUp,
  options,
}: Pick<Question, "lookUp" | "options"> & {
  readonly region: { readonly endpoint: { readonly zone?: string } };
}): Promise<HostedZone | undefined> {
  const { zone: name } = region.endpoint;
  if (name === undefined) return undefined;
  const zone = getZone({ name, privateZone: false }, options);
  const found = await lookUp.ask("endpoint.zone", `the public hosted zone ${name}`, zone);
  return found && { id: found.zoneId, arn: found.arn };
}

async function findSubnet({ region, lookUp, options }: Question): Promise<ExistingSubnet | undefined> {
  if (!("subnet" in region.network)) return undefined;
  const { vpc, subnet: id } = region.network;
  const found = await lookUp.ask("network.subnet", id, getSubnet({ id }, options));
  if (!found) return undefined;
  if (found.vpcId !== vpc) lookUp.refuse("network.subnet", `${id} is in ${found.vpcId}, not in ${vpc}`);
  const { vpcId, availabilityZone, ipv6CidrBlock } = found;
  return { id, vpcId, availabilityZone, hasIpv6: Boolean(ipv6CidrBlock) };
}

/** Only where it is, not what it is: its private key is none of the stack's business. */
async function findCertificate({ region, lookUp, options }: Question): Promise<string | undefined> {
  const { tls } = region.endpoint;
  if (tls.mode !== "provided") return undefined;
  const parameter = getParameter({ name: tls.secretName, withDecryption: false }, options);
  const name = `the SSM parameter ${tls.secretName}`;
  return (await lookUp.ask("endpoint.tls.secretName", name, parameter))?.arn;
}
