import { capacityOf } from "../../components/capacity/plan-region.ts";
import { imagesOf } from "../../components/config/images.ts";
import { hint } from "../../components/config/problems.ts";
import type { StackConfig } from "../../components/config/schema.ts";
import { installSsmAgent } from "../../components/hosts/aws/vm/user-data.ts";
import { renderBaseImage } from "../../components/hosts/vm/base-image.ts";

/**
 * Renders the script that prepares a base image for the machine of a region.
 * @param name the region's name. @default the only region
 * @throws RangeError if the stack has no such region, or if the region isn't a machine in AWS or Azure
 */
export function baseImage(config: StackConfig, name: string | undefined): string {
  const { regions } = config;
  const names = regions.map((it) => it.name);
  if (name === undefined && names.length > 1)
    throw new RangeError(`name one of its regions, ${names.join(", ")}, by --region`);
  const region = name === undefined ? regions[0] : regions.find((it) => it.name === name);
  if (!region) throw new RangeError(`it has no region "${name}": ${hint(name ?? "", names)}`);
  if (region.kind !== "aws vm" && region.kind !== "azure vm")
    throw new RangeError(
      `${region.name} isn't a machine in AWS or Azure: a base image is for regions with \`topology: vm\` there`,
    );
  const { architecture } = capacityOf(region, config).plan.machine;
  return renderBaseImage({
    architecture,
    prepare: region.kind === "aws vm" ? installSsmAgent(region.name, architecture) : [],
    images: imagesOf(config, region.endpoint.tls.mode === "acme"),
  });
}
