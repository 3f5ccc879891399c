/** Look-up of hosted zones, as in the provider: https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/route53/zone_data_source.go */
import type { Request, Thing } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, text, valuesAt } from "../values.ts";

/** The VPCs that a private hosted zone is associated with; none for a public zone. */
export function networksOfZone({ id, inputs }: Thing, cloud: Request["cloud"]): unknown[] {
  const associations = cloud
    .things("aws:route53/zoneAssociation:ZoneAssociation")
    .filter((it) => it.inputs.zoneId === id);
  return [...valuesAt("vpcs[*].vpcId", inputs), ...associations.map((it) => it.inputs.vpcId)];
}

interface ZonesOfName {
  readonly isPrivate: boolean;
  /** The private or public zones of the name, by the request. */
  readonly named: readonly Thing[];
  /** Those of them that are associated with the requested network. */
  readonly matching: readonly Thing[];
}

export function zonesOfName(inputs: Inputs, cloud: Request["cloud"]): ZonesOfName {
  const name = text("name", inputs).replace(/\.$/, "");
  const isPrivate = inputs.privateZone === true || inputs.vpcId !== undefined;
  const named = cloud
    .things("aws:route53/zone:Zone")
    .filter((it) => it.inputs.name === name && networksOfZone(it, cloud).length > 0 === isPrivate);
  const matching = named.filter(
    (it) => inputs.vpcId === undefined || networksOfZone(it, cloud).includes(inputs.vpcId),
  );
  return { isPrivate, named, matching };
}

export function getZone(inputs: Inputs, { cloud }: Pick<Request, "cloud">): Inputs {
  const { isPrivate: privateZone, matching } = zonesOfName(inputs, cloud);
  demand(matching.length > 0, "NotFound", "no matching Route 53 Hosted Zone found");
  demand(matching.length === 1, "NotFound", "multiple Route 53 Hosted Zones matched");
  const id = matching[0]?.id ?? "";
  const name = text("name", inputs).replace(/\.$/, "");
  const nameServers = ["ns-1.awsdns-01.com", "ns-2.awsdns-02.net"];
  return { id, zoneId: id, name, arn: `arn:aws:route53:::hostedzone/${id}`, privateZone, nameServers };
}

/** https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/route53/records_data_source.go */
export function getRecords({ zoneId, nameRegex }: Inputs, { cloud }: Pick<Request, "cloud">): Inputs {
  const regex = new RegExp(String(nameRegex ?? ""));
  const records = cloud
    .things("aws:route53/record:Record")
    .map(({ inputs }) => ({ zone: inputs.zoneId, name: `${inputs.name}.`, type: inputs.type }))
    .filter(({ zone, name }) => zone === zoneId && regex.test(name));
  return { zoneId, nameRegex, resourceRecordSets: records.map(({ name, type }) => ({ name, type })) };
}
