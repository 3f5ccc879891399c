/**
 * What must not be in any account, whatever a stack's configuration says, and what only if it says so. It looks at what the clouds hold, not at the
 * program that asked for it.
 */

import { accountId } from "../doubles/aws/existing.ts";
import { list, type Statement, statementsOf } from "../doubles/aws/policy.ts";
import type { Thing } from "../doubles/cloud.ts";
import { valueAt, valuesAt } from "../doubles/values.ts";

export interface Exposure {
  /** Ranges that may reach the endpoint. */
  readonly clients: readonly string[];
  /** Ranges that may read the metrics. */
  readonly metrics: readonly string[];
}

const metricsPort = 9443;
const endpointPort = 443;

/** What a stack file opens. */
export function exposureOf(regions: readonly unknown[]): Exposure {
  const ranges = (list: string) =>
    regions.flatMap((region) => {
      const value = valueAt(`access.${list}`, region);
      return value === "public" ? ["0.0.0.0/0", "::/0"] : ((value ?? []) as string[]);
    });
  return { clients: ranges("clients"), metrics: ranges("metrics") };
}

/** A rule that lets something in. */
interface Opening {
  readonly from: readonly string[];
  readonly port: number;
}

/** What is open beyond the configuration. */
function openingViolations(openings: readonly Opening[], { clients, metrics }: Exposure): string[] {
  return openings.flatMap(({ from, port }) => {
    const allowed = port === endpointPort ? clients : port === metricsPort ? metrics : [];
    return from
      .filter((range) => !allowed.includes(range))
      .map((range) => `port ${port} is open to ${range}`);
  });
}

/** Each a thing that shouldn't be. */
export function awsViolations(things: readonly Thing[], exposure: Exposure): string[] {
  const of = (type: string) => things.filter((it) => it.type.endsWith(`:${type}`));
  const unless = (found: readonly Thing[], violation: string, fits: (thing: Thing) => boolean) =>
    found.filter((thing) => !fits(thing)).map(({ type, name }) => `${type} ${name}: ${violation}`);
  const openings = of("SecurityGroup").flatMap(({ inputs }) =>
    valuesAt("ingress[*]", inputs).flatMap((rule): Opening[] => {
      const from = ["cidrBlocks[*]", "ipv6CidrBlocks[*]", "prefixListIds[*]"]
        .flatMap((path) => valuesAt(path, rule))
        .map(String);
      const [first, last] = [Number(valueAt("fromPort", rule)), Number(valueAt("toPort", rule))];
      return Array.from({ length: last - first + 1 }, (_, index) => ({ from, port: first + index }));
    }),
  );
  return [
    ...openingViolations(openings, exposure),
    ...unless(of("DefaultSecurityGroup"), "lets its members reach each other", ({ inputs }) =>
      ["ingress", "egress"].every((direction) => valuesAt(`${direction}[*]`, inputs).length === 0),
    ),
    ...of("RolePolicy").flatMap(({ inputs }) => policyViolations(String(inputs.policy))),
    ...unless(of("RolePolicyAttachment"), "is more than Session Manager needs", ({ inputs }) =>
      String(inputs.policyArn).endsWith(":policy/AmazonSSMManagedInstanceCore"),
    ),
    ...unless(of("Volume"), "is not encrypted", ({ inputs }) => inputs.encrypted === true),
    ...unless(of("Bucket"), "may be made public", ({ id }) =>
      of("BucketPublicAccessBlock").some(({ inputs: { bucket, region: _, ...blocked } }) => {
        const all = Object.values(blocked);
        return bucket === id && all.length === 4 && all.every((it) => it === true);
      }),
    ),
    ...unless(of("Bucket"), "is open to plain text", ({ id }) => {
      const policy = of("BucketPolicy").find((it) => it.inputs.bucket === id)?.inputs.policy;
      return policy !== undefined && statementsOf(String(policy)).some(deniesPlainText);
    }),
    // The Pod's has a name by prefix, and only the Pod in it, which is no secret.
    ...unless(of("Bucket"), "is open to ACLs, or has no end", ({ id, inputs }) => {
      const setting = (type: string) => of(type).find((it) => it.inputs.bucket === id)?.inputs;
      return (
        inputs.bucketPrefix !== undefined ||
        (valueAt("rule.objectOwnership", setting("BucketOwnershipControls")) === "BucketOwnerEnforced" &&
          valueAt("rules[0].expiration.days", setting("BucketLifecycleConfiguration")) !== undefined)
      );
    }),
    ...unless(of("Role"), "may be taken for a cluster of another account", ({ inputs }) =>
      statementsOf(String(inputs.assumeRolePolicy)).every(isOfOwnAccount),
    ),
    ...unless(of("Parameter"), "is not encrypted", ({ inputs }) => inputs.type === "SecureString"),
    ...unless(of("Instance"), "its root disk is not encrypted", ({ inputs }) => {
      return valueAt("rootBlockDevice.encrypted", inputs) === true;
    }),
    ...unless(of("Instance"), "gives credentials without a token, or to containers", ({ inputs }) => {
      const options = valueAt("metadataOptions", inputs);
      return (
        valueAt("httpTokens", options) === "required" && valueAt("httpPutResponseHopLimit", options) === 1
      );
    }),
    ...unless(of("Instance"), "shows its tags to what runs on it", ({ inputs }) => {
      return valueAt("metadataOptions.instanceMetadataTags", inputs) === "disabled";
    }),
    ...unless(of("Instance"), "has a key for SSH", ({ inputs }) => inputs.keyName === undefined),
    ...unless(things, "is not tagged as the stack's", ({ inputs, type }) => {
      return !("tags" in inputs) || type.endsWith(":Record") || valueAt("Name", inputs.tags) !== undefined;
    }),
  ];
}

/** Actions that have no narrower resource: a change of DNS has no owner, and denying everything is no right. */
const wideActions = ["route53:GetChange"];

/** A key is known by what it decrypts, which Parameter Store names. */
function isBoundToParameter({ Action, Condition }: Statement): boolean {
  const arn = Condition?.StringEquals?.["kms:EncryptionContext:PARAMETER_ARN"];
  return Action === "kms:Decrypt" && /^arn:aws:ssm:[^*]+$/.test(String(arn));
}

/** The objects of one bucket, or of one kind in it, are what a role is about as a whole. */
const bucketObjects = /^arn:aws:s3:::[a-z0-9.-]+\/(?:pods\/)?\*$/;

function deniesPlainText({ Effect, Principal, Action, Condition }: Statement): boolean {
  const isForAll = Effect === "Deny" && Principal === "*" && Action === "s3:*";
  return isForAll && Condition?.Bool?.["aws:SecureTransport"] === "false";
}

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html */
function isOfOwnAccount({ Principal, Condition }: Statement): boolean {
  const isForPods = valueAt("Service", Principal) === "pods.eks.amazonaws.com";
  return !isForPods || Condition?.StringEquals?.["aws:SourceAccount"] === accountId;
}

function policyViolations(policy: string): string[] {
  return statementsOf(policy).flatMap((statement) => {
    if (statement.Effect === "Deny" || isBoundToParameter(statement)) return [];
    const wide = list(statement.Resource).some(
      (resource) => resource.includes("*") && !bucketObjects.test(resource),
    );
    const actions = list(statement.Action);
    return [
      ...actions.filter((action) => action.includes("*")).map((action) => `the action ${action} is allowed`),
      ...actions
        .filter((action) => wide && !wideActions.includes(action))
        .map((action) => `${action} is allowed on ${statement.Resource}`),
      ...(statement.Resource === undefined ? ["all resources but some are allowed"] : []),
    ];
  });
}

/** Each a thing that shouldn't be. */
export function azureViolations(things: readonly Thing[], exposure: Exposure): string[] {
  const of = (type: string) => things.filter((it) => it.type.endsWith(`:${type}`));
  const unless = (type: string, violation: string, fits: (inputs: Thing["inputs"]) => boolean) =>
    of(type)
      .filter(({ inputs }) => !fits(inputs))
      .map(({ name }) => `${type} ${name}: ${violation}`);
  const rules = of("NetworkSecurityGroup").flatMap(({ inputs }) => valuesAt("securityRules[*]", inputs));
  const openings = rules
    .filter((rule) => valueAt("access", rule) === "Allow" && valueAt("direction", rule) === "Inbound")
    .map((rule): Opening => {
      const sources = ["sourceAddressPrefix", "sourceAddressPrefixes[*]"].flatMap((path) =>
        valuesAt(path, rule),
      );
      // Only addresses of IPv4 can come.
      const from = sources.map((source) =>
        ["*", "Internet"].includes(String(source)) ? "0.0.0.0/0" : String(source),
      );
      return { from, port: Number(valueAt("destinationPortRange", rule)) };
    });
  return [
    ...openingViolations(openings, exposure),
    ...unless("NetworkSecurityGroup", "lets in or out what no rule is about", (inputs) =>
      ["Inbound", "Outbound"].every((direction) =>
        valuesAt("securityRules[*]", inputs).some(
          (rule) =>
            valueAt("direction", rule) === direction &&
            valueAt("access", rule) === "Deny" &&
            valueAt("priority", rule) === 4096,
        ),
      ),
    ),
    ...unless(
      "NetworkInterface",
      "has no firewall",
      (inputs) => valueAt("networkSecurityGroup.id", inputs) !== undefined,
    ),
    ...unless("RoleAssignment", "is for more than one thing", ({ scope, roleDefinitionId }) => {
      const isOneThing = /\/(?:dnsZones\/acme\.[^/]+|secrets\/[^/]+|containers\/[^/]+)$/.test(String(scope));
      // To sign URLs is a right on the account, and one to read nothing.
      const mayBeAccount = String(roleDefinitionId).endsWith("/db58b8e5-c6ad-4a2a-8342-4190687cbf4a");
      // AKS joins its nodes to a subnet, and looks for its address among all of the group.
      const isNetworks = String(roleDefinitionId).endsWith("/4d97b98b-1d4f-4787-a291-c67834d212e7");
      return (
        isOneThing ||
        (mayBeAccount && /\/storageAccounts\/[^/]+$/.test(String(scope))) ||
        (isNetworks && /\/(?:resourceGroups|subnets)\/[^/]+$/.test(String(scope)))
      );
    }),
    ...unless("StorageAccount", "is open to keys, anonymous readers or old TLS", (inputs) => {
      return (
        inputs.allowSharedKeyAccess === false &&
        inputs.allowBlobPublicAccess === false &&
        inputs.enableHttpsTrafficOnly === true &&
        inputs.minimumTlsVersion === "TLS1_2"
      );
    }),
    ...unless("StorageAccount", "has no end for its blobs", ({ accountName }) =>
      of("ManagementPolicy").some(({ inputs }) => inputs.accountName === accountName),
    ),
    ...unless("Disk", "is not encrypted, or can be exported", (inputs) => {
      const isEncrypted = String(valueAt("encryption.type", inputs)).startsWith("EncryptionAtRest");
      return (
        isEncrypted && inputs.networkAccessPolicy === "DenyAll" && inputs.publicNetworkAccess === "Disabled"
      );
    }),
    ...unless("VirtualMachine", "takes a password", (inputs) => {
      return valueAt("osProfile.linuxConfiguration.disablePasswordAuthentication", inputs) === true;
    }),
    ...unless("VirtualMachine", "has an identity that goes with it", (inputs) => {
      return valueAt("identity.type", inputs) === "UserAssigned";
    }),
    ...unless("Vault", "has access policies, or can be emptied", (inputs) => {
      const properties = valueAt("properties", inputs);
      return (
        valueAt("enableRbacAuthorization", properties) === true &&
        valueAt("enablePurgeProtection", properties) === true
      );
    }),
  ];
}
