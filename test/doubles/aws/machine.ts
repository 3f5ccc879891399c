import { userDataProblem } from "../checks.ts";
import { everywhere, type Request, type Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text, valueAt } from "../values.ts";
import { architectureOf, isOffered, isZone, quotaOf, vCpusOf } from "./account.ts";
import { demandWithinBoundary, inlineActions } from "./boundary.ts";
import { accountId } from "./existing.ts";
import { demandBucketKeys, demandKey } from "./kms.ts";
import { allows, statementsOf } from "./policy.ts";

export const instance = "aws:ec2/instance:Instance";
const volume = "aws:ebs/volume:Volume";
const networkInterface = "aws:ec2/networkInterface:NetworkInterface";
const subnet = "aws:ec2/subnet:Subnet";
const attachment = "aws:ec2/volumeAttachment:VolumeAttachment";

export const machine: Readonly<Record<string, Rules>> = {
  [volume]: {
    replacing: ["availabilityZone", "encrypted", "kmsKeyId", "snapshotId", "outpostArn"],
    /** https://docs.aws.amazon.com/ebs/latest/userguide/general-purpose.html */
    check(inputs, { scope }) {
      const [size = 0, iops = 3000, throughput = 125] = ["size", "iops", "throughput"].map((it) =>
        number(it, inputs),
      );
      const invalid = (condition: unknown, message: string) =>
        demand(condition, "InvalidParameterValue", message);
      invalid(isZone(text("availabilityZone", inputs), scope), `zone ${inputs.availabilityZone}`);
      invalid(inputs.type === "gp3", `volume type ${inputs.type}`);
      invalid(Number.isInteger(size) && size >= 1 && size <= 65_536, `Volume of ${size}GiB`);
      invalid(
        iops >= 3000 && iops <= Math.max(3000, Math.min(80_000, 500 * size)),
        `${iops} IOPS for ${size}GiB`,
      );
      invalid(
        throughput >= 125 && throughput <= Math.min(2000, iops / 4),
        `${throughput} MiB/s with ${iops} IOPS`,
      );
    },
    admit: (request) => demandKey(request, text("kmsKeyId", request.inputs)),
    create: ({ cloud }) => ({ id: `vol-${cloud.digits(17)}` }),
    update({ inputs }, before) {
      const [wanted = 0, has = 0] = [inputs, before.inputs].map((it) => number("size", it));
      const message = `New size cannot be smaller than existing size ${has}`;
      demand(wanted >= has, "InvalidParameterValue", message);
    },
  },

  [instance]: {
    replacing: ({ userDataReplaceOnChange }) => [
      ...[
        "ami",
        "availabilityZone",
        "cpuOptions",
        "enclaveOptions",
        "hostResourceGroupArn",
        "keyName",
        "networkInterfaces",
        "securityGroups",
        "primaryNetworkInterface",
        "subnetId",
        "rootBlockDevice.encrypted",
        "rootBlockDevice.kmsKeyId",
      ],
      ...(userDataReplaceOnChange === true ? ["userData", "userDataBase64"] : []),
    ],
    // https://www.pulumi.com/registry/packages/aws/api-docs/ec2/instance/#userdata_nodejs: an import returns it as `userData`.
    unread: ["userDataBase64", "userDataReplaceOnChange"],
    references: [
      { at: "ami", to: "ami" },
      {
        at: "primaryNetworkInterface.networkInterfaceId",
        to: networkInterface,
        exclusive: "InvalidNetworkInterface.InUse",
      },
      { at: "iamInstanceProfile", to: "aws:iam/instanceProfile:InstanceProfile" },
    ],
    check(inputs) {
      demand(inputs.userData === undefined, "InvalidParameterValue", "gzip goes into userDataBase64");
      const problem = userDataProblem(text("userDataBase64", inputs), 16_384);
      demand(problem === undefined, "InvalidUserData.Malformed", `user data: ${problem}`);
      const hops = number("metadataOptions.httpPutResponseHopLimit", inputs) ?? 1;
      demand(hops >= 1 && hops <= 64, "InvalidParameterValue", `hop limit ${hops}`);
      const names = Object.keys((inputs.tags as Inputs | undefined) ?? {});
      const isHidden = valueAt("metadataOptions.instanceMetadataTags", inputs) !== "enabled";
      const valid =
        isHidden || names.every((name) => /^[\w+=.,:@-]+$/.test(name) && !/^\.{1,2}$|^_index$/.test(name));
      demand(valid, "InvalidParameterValue", `these can't be tags in the instance's metadata: ${names}`);
    },
    admit(request) {
      const { cloud, scope, inputs } = request;
      const type = text("instanceType", inputs);
      const zone = zoneOf(inputs, request);
      demand(
        isOffered(type, zone, cloud),
        "Unsupported",
        `Your requested instance type (${type}) is not supported in ${zone}.`,
      );
      demandKey(request, text("rootBlockDevice.kmsKeyId", inputs));
      demandReadable(request);
      demandVCpus(request, type);
      const image = cloud.find("ami", text("ami", inputs), scope)?.inputs ?? {};
      demand(
        (image.state ?? "available") === "available",
        "InvalidAMIID.Unavailable",
        `The image ID '${inputs.ami}' is ${image.state}`,
      );
      const fits = image.architecture === architectureOf(type);
      demand(
        fits,
        "InvalidParameterValue",
        `The architecture '${image.architecture}' is not that of ${type}`,
      );
      const root = number("rootBlockDevice.volumeSize", inputs) ?? Number(image.rootGiB);
      demand(
        root >= Number(image.rootGiB),
        "InvalidBlockDeviceMapping",
        `Volume of size ${root}GB is smaller than snapshot`,
      );
    },
    create: (request) => ({
      id: `i-${request.cloud.digits(17)}`,
      outputs: { instanceState: "running", availabilityZone: zoneOf(request.inputs, request) },
    }),
    update(request, before) {
      const { inputs } = request;
      if (inputs.instanceType !== before.inputs.instanceType)
        demandVCpus(request, text("instanceType", inputs), before.id);
      const [wanted, has] = [inputs, before.inputs].map((it) => architectureOf(text("instanceType", it)));
      demand(wanted === has, "InvalidParameterValue", `an instance can't change from ${has} to ${wanted}`);
    },
  },

  [attachment]: {
    replacing: ["deviceName", "instanceId", "volumeId"],
    references: [
      // EC2 detaches volumes from an instance that it terminates.
      { at: "instanceId", to: instance, onDelete: "delete" },
      { at: "volumeId", to: volume, exclusive: "VolumeInUse" },
    ],
    isForgotten: ({ skipDestroy }) => skipDestroy === true,
    unread: ["skipDestroy"],
    importId: ({ inputs: { deviceName, volumeId, instanceId } }) => `${deviceName}:${volumeId}:${instanceId}`,
    check(inputs) {
      const name = text("deviceName", inputs);
      demand(
        /^\/dev\/sd[f-p]$/.test(name),
        "InvalidParameterValue",
        `(${name}) for parameter device is invalid`,
      );
    },
    admit(request) {
      const { cloud, scope, inputs } = request;
      const disk = cloud.find(volume, text("volumeId", inputs), scope)?.inputs.availabilityZone;
      const machine = cloud.find(instance, text("instanceId", inputs), scope);
      const zone = machine && zoneOf(machine.inputs, request);
      demand(
        disk === zone,
        "InvalidVolume.ZoneMismatch",
        `The volume is in ${disk}, the instance in ${zone}`,
      );
    },
    create({ inputs }) {
      return { id: `vai-${inputs.volumeId}-${inputs.instanceId}` };
    },
    delete({ inputs, scope, name = "" }, cloud) {
      const machine = cloud.find(instance, text("instanceId", inputs), scope);
      if (!machine) return;
      demand(
        inputs.stopInstanceBeforeDetaching === true,
        "VolumeInUse",
        `${inputs.volumeId} is mounted: busy, until the provider gives up waiting`,
      );
      cloud.record({ kind: "stop", type: instance, name });
    },
  },

  "aws:cloudwatch/metricAlarm:MetricAlarm": {
    replacing: ["name"],
    references: [{ at: "dimensions.InstanceId", to: instance, onDelete: "leave" }],
    check(inputs, { scope }) {
      const invalid = (condition: unknown, message: string) => demand(condition, "ValidationError", message);
      const name = text("name", inputs);
      invalid(!name.startsWith(":"), `alarm name ${name}`);
      invalid(
        [10, 30].includes(Number(inputs.period)) || Number(inputs.period) % 60 === 0,
        `period ${inputs.period}`,
      );
      // An alarm without actions is for a health check of Route 53, which reads its state.
      if (inputs.alarmActions === undefined) {
        invalid(
          inputs.namespace === "AWS/EC2" && inputs.metricName === "StatusCheckFailed",
          "another metric",
        );
        return;
      }
      const action = text("alarmActions[0]", inputs);
      invalid(
        new RegExp(`^arn:aws:automate:${scope}:ec2:(recover|reboot)$`).test(action),
        `Invalid action ${action}`,
      );
      const metric = action.endsWith("recover") ? "StatusCheckFailed_System" : "StatusCheckFailed_Instance";
      invalid(
        inputs.namespace === "AWS/EC2" && inputs.metricName === metric,
        `${action} goes with ${metric}`,
      );
    },
    create: ({ inputs }) => ({ id: text("name", inputs) }),
  },
};

/** Counts the vCPUs of all machines, including the account's others. @param own the machine that is stopped to change its type */
function demandVCpus({ cloud, scope }: Request, type: string, own?: string): void {
  const others = cloud.things(instance).filter((it) => it.scope === scope && it.id !== own);
  const sum = [type, ...others.map(({ inputs }) => text("instanceType", inputs))]
    .map(vCpusOf)
    .reduce((one, other) => one + other);
  const quota = quotaOf("standardVCpus", { cloud, scope });
  const message = `You have requested more vCPU capacity than your current vCPU limit of ${quota} allows for the instance bucket that the specified instance type belongs to.`;
  demand(sum <= quota, "VcpuLimitExceeded", message);
}

/**
 * Refuses a machine that can't read its parameters. EC2 would start it, and it would wait for them forever. Only Parameter Store's own key lets
 * everyone in the account decrypt:
 * https://docs.aws.amazon.com/kms/latest/developerguide/services-parameter-store.html
 */
function demandReadable({ cloud, scope, inputs }: Request): void {
  const profile = text("iamInstanceProfile", inputs);
  const role = cloud.find("aws:iam/instanceProfile:InstanceProfile", profile, everywhere)?.inputs.role;
  const allowed = cloud
    .things("aws:iam/rolePolicy:RolePolicy")
    .filter((it) => it.inputs.role === role)
    .flatMap((it) => statementsOf(text("policy", it.inputs)))
    .filter(({ Effect }) => Effect === "Allow");
  // Otherwise, it would also wait forever for its Pod.
  demandBucketKeys({ cloud, scope }, String(role));
  demandWithinBoundary(cloud, String(role), inlineActions(cloud, String(role)));
  for (const { inputs: parameter } of cloud.things("aws:ssm/parameter:Parameter")) {
    const key = text("keyId", parameter);
    const arn = `arn:aws:ssm:${scope}:${accountId}:parameter${text("name", parameter)}`;
    const isRead = allowed.some((it) => allows(it, "ssm:GetParameter", arn));
    const context = {
      "kms:ViaService": `ssm.${scope}.amazonaws.com`,
      "kms:EncryptionContext:PARAMETER_ARN": arn,
    };
    const isDecrypted = allowed.some((it) => allows(it, "kms:Decrypt", key, context));
    demand(
      key === "" || !isRead || isDecrypted,
      "AccessDeniedException",
      `the ciphertext of ${arn} refers to a customer master key that ${role} may not use`,
    );
  }
}

function zoneOf(
  inputs: Inputs,
  { cloud, scope }: { cloud: Parameters<NonNullable<Rules["delete"]>>[1]; scope: string },
): string {
  const own = cloud.find(networkInterface, text("primaryNetworkInterface.networkInterfaceId", inputs), scope);
  return text(
    "availabilityZone",
    cloud.find(subnet, text("subnetId", own?.inputs ?? {}), scope)?.inputs ?? {},
  );
}
