import { getZoneOutput } from "@pulumi/aws/route53/getZone.js";
import * as pulumi from "@pulumi/pulumi";
import { type CapacityPlan, planCapacity } from "../../capacity/plan.ts";
import { ConfigError } from "../../config/problems.ts";
import type { Host } from "../host.ts";
import { createAddress } from "./address.ts";
import { createDisk } from "./disk.ts";
import { createFirewall } from "./firewall.ts";
import { createIdentity } from "./identity.ts";
import { debianImage } from "./image.ts";
import { createMachine } from "./machine.ts";
import { namesOf } from "./naming.ts";
import { createNetwork } from "./network.ts";
import { createRecords } from "./records.ts";
import { createRecovery } from "./recovery.ts";
import { createSecrets, credentialsParameters } from "./secrets.ts";
import { awsUserData } from "./user-data.ts";
import type { VmHostArgs } from "./vm-args.ts";

/**
 * The cache on an EC2 instance. Disk, addresses and records outlive the instance, which another user data, image or architecture replaces; another
 * type of the same architecture stops and starts it.
 */
export class VmHost extends pulumi.ComponentResource implements Host {
  readonly address: Host["address"];
  readonly ca: Host["ca"];
  readonly diskGiB: number;

  constructor(name: string, args: VmHostArgs, options?: pulumi.ComponentResourceOptions) {
    super("registry-cache:aws:VmHost", name, {}, options);
    const own = { parent: this };
    const { region, upstreams } = args;
    const { hostname, zone: zoneName, tls } = region.endpoint;
    const names = namesOf({ stack: pulumi.getStack(), region: region.name });
    const plan = capacity(args, this);
    const { type, architecture } = plan.machine;

    const dnsZone =
      zoneName === undefined ? undefined : getZoneOutput({ name: zoneName, privateZone: false }, own);
    const network = createNetwork(name, { names, region, machineType: type }, own);
    const firewall = createFirewall(name, args, { names, vpcId: network.vpcId }, own);
    const address = createAddress(name, { names, network, securityGroupId: firewall.id }, own);
    const secrets = createSecrets(name, args, names, own);
    const identity = createIdentity(
      name,
      {
        names,
        region: region.name,
        parameters: secrets.arns,
        ...(tls.mode === "acme" && dnsZone && { challenge: { hostname, zoneArn: dnsZone.arn } }),
      },
      own,
    );
    const disk = createDisk(name, { names, disk: plan.disk, zone: network.zone }, own);
    const machine = createMachine(
      name,
      {
        names,
        type,
        image: debianImage(name, architecture, own),
        userData: pulumi.all([disk.id, dnsZone?.zoneId]).apply(([volumeId, hostedZoneId]) => {
          const packed = awsUserData({
            ...args,
            architecture,
            diskGiB: plan.disk.sizeGiB,
            volumeId,
            ...(hostedZoneId !== undefined && { hostedZoneId }),
            storedCredentials: credentialsParameters(upstreams, names),
          });
          return Buffer.from(packed).toString("base64");
        }),
        instanceProfile: identity.instanceProfile,
        networkInterfaceId: address.networkInterfaceId,
        disk,
        after: [...network.route, address.association, ...identity.rights, ...secrets.stored],
      },
      own,
    );
    createRecovery(name, { names, region: region.name, instanceId: machine.id }, own);
    if (dnsZone) {
      createRecords(name, { region, zoneId: dnsZone.zoneId, address, hasIpv6: network.hasIpv6 }, own);
    }

    this.address = address.ipv4;
    // The authority of `tls: { mode: private }` is made on the machine and never leaves it.
    this.ca = pulumi.output(undefined);
    this.diskGiB = plan.disk.sizeGiB;
    this.registerOutputs({ address: this.address, ca: this.ca, diskGiB: this.diskGiB });
  }
}

/** What doesn't carry the workload is said, and made. */
function capacity({ region, workload, upstreams }: VmHostArgs, host: VmHost): CapacityPlan {
  const { plan, problems } = planCapacity({ cloud: "aws", region, workload, upstreams: upstreams.length });
  if (!plan) throw new pulumi.RunError(new ConfigError(problems).message);
  for (const { path, message } of plan.warnings) {
    void pulumi.log.warn(`${region.name}: ${path}: ${message}`, host);
  }
  return plan;
}
