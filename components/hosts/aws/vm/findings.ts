import { getSubnet } from "@pulumi/aws/ec2/getSubnet.js";
import { getParameter } from "@pulumi/aws/ssm/getParameter.js";
import type { HostArgs } from "../../kind.ts";
import { LookUp } from "../../look-up.ts";
import { tellObstacles } from "../../vm/fate.ts";
import type { Question } from "../account.ts";
import { checkBoundary } from "../boundary.ts";
import { findBucketName } from "../bucket.ts";
import { type FoundZones, findZones } from "../hosted-zones.ts";
import { checkMachineKey, findKmsKey } from "../kms-key.ts";
import { checkPublicRoute, checkWayOut } from "../routes.ts";
import { type FoundAccess, findAccess } from "./access.ts";
import { findImage } from "./image.ts";
import { checkMachineQuota, type FoundMachine, findMachine } from "./machine-type.ts";
import { fateOfMachine } from "./made-of.ts";
import { machineNeeds } from "./needs.ts";
import type { AwsVmPlan } from "./plan.ts";

/** The existing AWS resources that a region's configuration names. */
export interface FoundVm extends FoundZones {
  /** Id of an AMI: the configured one, or Debian's newest, which only a new cache uses. */
  readonly image: string;
  readonly machine: FoundMachine;
  readonly access: FoundAccess;
  /** Set if the configuration names a subnet. */
  readonly subnet?: ExistingSubnet | undefined;
  /** ARN of the SSM parameter with the provided certificate. */
  readonly certificateArn?: string | undefined;
  /** Name for the bucket, if the configuration needs one. */
  readonly bucket?: string | undefined;
  /** ARN of the key, if the configuration names one. */
  readonly kmsKeyArn?: string | undefined;
}

export type VmArgs = HostArgs<AwsVmPlan, FoundVm>;

export interface ExistingSubnet {
  readonly id: string;
  readonly vpcId: string;
  /** CIDR range, IPv4. */
  readonly range: string;
  readonly availabilityZone: string;
  readonly hasIpv6: boolean;
}

/** Asks AWS whether everything that a region needs exists. */
export async function findVm(question: Question<AwsVmPlan>): Promise<FoundVm | undefined> {
  const kmsKeyArn = await findKmsKey(question);
  const [place, access, zones, certificateArn, bucket] = await Promise.all([
    findPlace(question, kmsKeyArn),
    findAccess(question),
    findZones(question),
    findCertificate(question),
    question.region.storage.kind === "bucket" ? findBucketName(question) : undefined,
    checkBoundary(question, machineNeeds(question.plan)),
    checkMachineKey(question, kmsKeyArn),
  ]);
  const key = kmsKeyArn === undefined ? {} : { kmsKeyArn };
  return place && { ...place, ...zones, access, certificateArn, bucket, ...key };
}

/** Asks in this order: the subnet determines which types are sold there, and the type determines the image. */
async function findPlace(
  question: Question<AwsVmPlan>,
  kmsKeyArn: string | undefined,
): Promise<Pick<FoundVm, "image" | "machine" | "subnet"> | undefined> {
  const subnet = await findSubnet(question);
  const [aboutType, aboutImage] = [new LookUp(), new LookUp()];
  const machine = await findMachine({ ...question, lookUp: aboutType }, subnet?.availabilityZone);
  const { machine: planned } = machine?.capacity ?? question.plan.capacity;
  const [image] = await Promise.all([
    findImage({ ...question, lookUp: aboutImage, machine: planned }),
    machine && checkMachineQuota(question, planned.type),
  ]);
  const found = machine && image !== undefined ? { image, machine, subnet } : undefined;
  const { ofMachine, ofType } = await fateOfMachine(
    question.region,
    found && { ...planned, image: found.image, subnetId: subnet?.id, kmsKeyArn },
  );
  tellObstacles(question.lookUp, aboutImage, ofMachine);
  tellObstacles(question.lookUp, aboutType, ofType);
  return found;
}

async function findSubnet(question: Question): Promise<ExistingSubnet | undefined> {
  const { region, lookUp, options } = question;
  if (!("subnet" in region.network)) return undefined;
  const { vpc, subnet: id } = region.network;
  const found = await lookUp.ask("network.subnet", id, getSubnet({ id }, options));
  if (!found) return undefined;
  if (found.vpcId !== vpc) lookUp.refuse("network.subnet", `${id} is in ${found.vpcId}, not in ${vpc}`);
  const { vpcId, cidrBlock: range, availabilityZone, ipv6CidrBlock } = found;
  const place = { id, vpcId, path: "network.subnet" };
  if (region.endpoint.exposure === "private") {
    await checkWayOut(question, place, false);
    return { id, vpcId, range, availabilityZone, hasIpv6: false };
  }
  const isOpenToIpv6 = await checkPublicRoute(question, place);
  return { id, vpcId, range, availabilityZone, hasIpv6: Boolean(ipv6CidrBlock) && isOpenToIpv6 };
}

/** Finds the parameter, but doesn't decrypt it, because the stack must not see the private key. */
async function findCertificate({ region, lookUp, options }: Question): Promise<string | undefined> {
  const { tls } = region.endpoint;
  if (tls.mode !== "provided") return undefined;
  const parameter = getParameter({ name: tls.secretName, withDecryption: false }, options);
  const name = `the SSM parameter ${tls.secretName}`;
  return (await lookUp.ask("endpoint.tls.secretName", name, parameter))?.arn;
}
