import { getParameterOutput } from "@pulumi/aws/ssm/getParameter.js";
import * as pulumi from "@pulumi/pulumi";
import type { Architecture } from "../../capacity/machine.ts";

/**
 * The AMI of Debian 13: the newest when the cache is made, and the same from then on, whatever Debian publishes. Security upgrades install themselves.
 * A new one is taken on purpose, by `pulumi up --replace` of this stash, and by a change of architecture.
 *
 * The parameter is Debian's: https://wiki.debian.org/Cloud/AmazonEC2Image
 */
export function debianImage(
  name: string,
  architecture: Architecture,
  options: pulumi.CustomResourceOptions,
): pulumi.Output<string> {
  const latest = getParameterOutput(
    { name: `/aws/service/debian/release/13/latest/${architecture}` },
    options.parent ? { parent: options.parent } : {},
  );
  const stash = new pulumi.Stash(
    `${name}-image-${architecture}`,
    // Public, and shown as it is.
    { input: latest.insecureValue },
    { ...options, ignoreChanges: ["input"] },
  );
  return stash.output as pulumi.Output<string>;
}
