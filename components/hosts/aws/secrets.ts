import { getParameterOutput } from "@pulumi/aws/ssm/getParameter.js";
import { Parameter } from "@pulumi/aws/ssm/parameter.js";
import * as pulumi from "@pulumi/pulumi";
import { originCredentials } from "../../pod/origin.ts";
import type { Names } from "./naming.ts";
import type { VmHostArgs } from "./vm-args.ts";

/** The secrets that the machine reads when it starts. */
export interface Secrets {
  readonly arns: readonly pulumi.Output<string>[];
  /** Those that this stack stores. */
  readonly stored: readonly pulumi.Resource[];
}

/** The name of the SSM parameter of each upstream that has credentials, by the upstream's name. */
export function credentialsParameters(
  upstreams: VmHostArgs["upstreams"],
  names: Names,
): Record<string, string> {
  return Object.fromEntries(
    upstreams
      .filter(({ credentials }) => credentials !== undefined)
      .map(({ name }) => [name, names.credentialsParameter(name)]),
  );
}

/**
 * Stores the upstreams' credentials in Parameter Store, encrypted by the account's `aws/ssm` key, in the form that an origin reads; and finds the
 * certificate that is already there. A new password is an update in place, which the cache sees when it starts again.
 */
export function createSecrets(
  name: string,
  { region, upstreams, credentials }: VmHostArgs,
  names: Names,
  options: pulumi.CustomResourceOptions,
): Secrets {
  const stored = upstreams.flatMap(({ name: upstream, credentials: key }) => {
    if (key === undefined) return [];
    const known = credentials[key];
    if (!known) throw new pulumi.RunError(`${key}: the credentials of upstream ${upstream} are missing`);
    return new Parameter(
      `${name}-${upstream}`,
      {
        name: names.credentialsParameter(upstream),
        description: `Credentials of the registry cache for upstream ${upstream}`,
        type: "SecureString",
        value: known.apply(originCredentials),
        tags: names.tags(`credentials-${upstream}`),
      },
      options,
    );
  });
  return { stored, arns: [...stored.map(({ arn }) => arn), ...certificateArns(region, options)] };
}

/** Only where it is, not what it is: its private key is none of the stack's business. Fails in a preview if there is none. */
function certificateArns(
  { endpoint }: VmHostArgs["region"],
  { parent }: pulumi.CustomResourceOptions,
): pulumi.Output<string>[] {
  const { tls } = endpoint;
  if (tls.mode !== "provided") return [];
  const found = getParameterOutput({ name: tls.secretName, withDecryption: false }, parent && { parent });
  return [found.arn];
}
