import { getRecords } from "@pulumi/aws/route53/getRecords.js";
import { type GetZoneArgs, getZone } from "@pulumi/aws/route53/getZone.js";
import { ZoneAssociation } from "@pulumi/aws/route53/zoneAssociation.js";
import type * as pulumi from "@pulumi/pulumi";
import { challengeName } from "../../config/endpoint.ts";
import { goesFirst } from "../goes-first.ts";
import type { HostArgs } from "../kind.ts";
import { challengeWayOut, namesBelow, reasonOf } from "../look-up.ts";
import { previousOutputs } from "../previous-outputs.ts";
import type { Question } from "./account.ts";
import type { AwsPlan } from "./naming.ts";

export interface HostedZone {
  readonly id: string;
  readonly arn: string;
  readonly isPrivate: boolean;
}

/** The zone in which ACME DNS-01 challenges are answered. */
export interface ChallengeZone extends HostedZone {
  /** The zone's name servers, as `host:port`. @default the network's resolver, which may know a private zone of the same name instead */
  readonly nameServers?: readonly string[];
}

export interface FoundZones {
  /** The zone of the endpoint's records. */
  readonly hostedZone?: HostedZone | undefined;
  /** Set with `tls: { mode: acme }`. */
  readonly challengeZone?: ChallengeZone | undefined;
}

/** Finds the zones of a region with a machine or a cluster. */
export async function findZones(question: Question): Promise<FoundZones> {
  const { zone, tls } = question.region.endpoint;
  const named = tls.mode === "acme" ? tls.challengeZone : undefined;
  const [hostedZone, challengeZone] = await Promise.all([
    zone === undefined ? undefined : findHostedZone(question, zone),
    named === undefined ? undefined : findChallengeZone(question, named),
  ]);
  if (hostedZone && zone !== undefined) await checkNames(question, zone, hostedZone);
  if (tls.mode !== "acme" || named !== undefined) return { hostedZone, challengeZone };
  if (hostedZone?.isPrivate) {
    const message = `is missing: the hosted zone ${zone} is private, and the certificate authority finds the proof of the name in a public one only. Name one that contains the host name`;
    question.lookUp.refuse("endpoint.tls.challengeZone", message);
  }
  return { hostedZone, challengeZone: hostedZone };
}

/** The name of a private endpoint can be in a private zone. Only the networks that the zone is attached to can resolve the name. */
async function findHostedZone(question: Question, name: string): Promise<HostedZone | undefined> {
  const { region, lookUp, options } = question;
  const isPrivate = region.endpoint.exposure === "private";
  const refused = (message: string) => lookUp.refuse("endpoint.zone", message);
  if (isPrivate) {
    const { vpc } = region.network;
    const attached = vpc === "create" ? { name, privateZone: true } : { name, vpcId: vpc };
    try {
      const found = await findZone(attached, options);
      if (found) return found;
      const other = vpc === "create" ? undefined : await findZone({ name, privateZone: true }, options);
      if (other) return refused(notAttached(name, other, region.name, vpc));
    } catch (error) {
      return refused(unknownZone(name, vpc, reasonOf(error as Error)));
    }
  }
  try {
    const { zoneId: id, arn } = await getZone({ name, privateZone: false }, options);
    return { id, arn, isPrivate: false };
  } catch (error) {
    const reason = reasonOf(error as Error);
    return refused(
      isPrivate
        ? `the hosted zone ${name} can't be found, neither a private nor a public one: ${reason}. It must be in the account that the stack is deployed to`
        : `the public hosted zone ${name} can't be found: ${reason}`,
    );
  }
}

/** The name of a machine's addresses, to which the endpoint's records are aliases with `endpoint.failover: dns`. */
export function activeName(hostname: string): string {
  return `active.${hostname}`;
}

/** Checks that the names of the endpoint's records are free, and not delegated to another zone. Adds a problem for the first that isn't. */
async function checkNames(question: Question, zone: string, { id }: HostedZone): Promise<void> {
  const { region, lookUp } = question;
  const { hostname, failover, tls } = region.endpoint;
  const isForChallenge = tls.mode === "acme" && tls.challengeZone === undefined;
  const records = await previousOutputs<{ name: string; zoneId: string }>("aws:route53/record:Record");
  for (const wanted of failover === "dns" ? [hostname, activeName(hostname)] : [hostname]) {
    const owners = [...records].flatMap(([resource, { name, zoneId }]) =>
      name === wanted && zoneId === id ? [resource.replace(/(?:-ipv6)?(?:-active|-nowhere)?$/, "")] : [],
    );
    const exists = async () => {
      const challenge = isForChallenge && wanted === hostname ? [challengeName(hostname)] : [];
      const names = [wanted, ...namesBelow(zone, wanted), ...challenge];
      const records = await recordsAt(question, id, names);
      if (wanted === hostname) {
        lookUp.refuseDelegated("endpoint.zone", zone, hostname, delegatedBy(records));
        if (isForChallenge) refuseChallengeRecords(question, zone, records);
      }
      return records.some(({ name, type }) => name === wanted && ["A", "AAAA", "CNAME"].includes(type));
    };
    if (!(await lookUp.askForFreeName(region, { name: wanted, owners, exists }))) return;
  }
}

/** Refuses a CNAME or NS record of the zone with the name of the ACME challenge: a TXT record can't be added there, or nobody asks this zone for it. */
function refuseChallengeRecords({ region, lookUp }: Question, zone: string, records: readonly ZoneRecord[]) {
  const name = challengeName(region.endpoint.hostname);
  const taken = records.find((it) => it.name === name && ["CNAME", "NS"].includes(it.type));
  if (!taken) return;
  lookUp.refuse(
    "endpoint.hostname",
    `${zone} has a record ${taken.type} of ${name}, where \`tls: { mode: acme }\` proves the host name: ${challengeWayOut}, or delete the record if nothing uses it`,
  );
}

type ZoneRecord = Readonly<Record<"name" | "type", string>>;

async function recordsAt(
  { options }: Question,
  zoneId: string,
  names: readonly string[],
): Promise<ZoneRecord[]> {
  const nameRegex = `^(?:${names.join("|").replaceAll(".", "\\.")})\\.?$`;
  const { resourceRecordSets } = await getRecords({ zoneId, nameRegex }, options);
  return resourceRecordSets.map(({ name, type }) => ({ name: name.replace(/\.$/, ""), type }));
}

function delegatedBy(records: readonly ZoneRecord[]): string[] {
  return records.flatMap(({ name, type }) => (type === "NS" ? [name] : []));
}

/** Why a private zone wasn't found. If several zones have the name, AWS selects the one that is attached to the given VPC. */
function unknownZone(name: string, vpc: string, reason: string): string {
  if (!/multiple/i.test(reason)) return `the private hosted zone ${name} can't be found: ${reason}`;
  const several = `the account has several private hosted zones ${name}`;
  return vpc === "create"
    ? `${several}: name an existing VPC, which one of them is attached to`
    : `${several}, and none is attached to ${vpc}: attach the one that you mean`;
}

async function findChallengeZone(question: Question, name: string): Promise<ChallengeZone | undefined> {
  const { region, lookUp, options } = question;
  const path = "endpoint.tls.challengeZone";
  const what = `the public hosted zone ${name}`;
  const zone = getZone({ name, privateZone: false }, options);
  const found = await lookUp.ask(path, what, zone);
  if (!found) return undefined;
  const { hostname } = region.endpoint;
  const names = [challengeName(hostname), ...namesBelow(name, hostname)];
  try {
    const records = await recordsAt(question, found.zoneId, names);
    lookUp.refuseDelegated(path, name, hostname, delegatedBy(records));
    refuseChallengeRecords(question, name, records);
  } catch (error) {
    lookUp.warn(path, `can't check whether ${what} delegates ${hostname}: ${reasonOf(error as Error)}`);
  }
  const nameServers = found.nameServers.map((host) => `${host}:53`);
  return { id: found.zoneId, arn: found.arn, isPrivate: false, nameServers };
}

/** @returns undefined if there is no such zone. The message is from https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/route53/zone_data_source.go */
async function findZone(query: GetZoneArgs, options: pulumi.InvokeOptions): Promise<HostedZone | undefined> {
  try {
    const { zoneId: id, arn } = await getZone(query, options);
    return { id, arn, isPrivate: true };
  } catch (error) {
    if (/no matching/i.test((error as Error).message)) return undefined;
    throw error;
  }
}

function notAttached(name: string, { id }: HostedZone, region: string, vpc: string): string {
  const command = `aws route53 associate-vpc-with-hosted-zone --hosted-zone-id ${id} --vpc VPCRegion=${region},VPCId=${vpc}`;
  return `the private hosted zone ${name} isn't attached to ${vpc}, so nobody there would find the endpoint: \`${command}\``;
}

/** Attaches a private zone to a network that the stack creates, so that the network can resolve the zone's names. */
export function attachZone(
  { plan: { region }, found: { hostedZone } }: HostArgs<AwsPlan, FoundZones>,
  vpcId: pulumi.Input<string>,
  options: pulumi.CustomResourceOptions,
): void {
  if (!hostedZone?.isPrivate) return;
  const { name } = region;
  new ZoneAssociation(name, { zoneId: hostedZone.id, vpcId, vpcRegion: name }, goesFirst(options));
}
