/**
 * A double of Route 53 in the AWS CLI, and of Azure DNS in `az rest`: `node fake-dns.js FILE PROGRAM ARGUMENT…`. The file holds the zones, and
 * changes with them: `{ [zone]: record[] }`, with records in the format of the cloud's API. It refuses what the clouds refuse, with their error
 * texts.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

const [file = "", program, ...args] = process.argv.slice(2);
const zones = JSON.parse(readFileSync(file, "utf8"));
const option = (name) => {
  const index = args.indexOf(`--${name}`);
  if (index < 0) throw new Error(`the following arguments are required: --${name}`);
  return args[index + 1];
};

const dotted = (name) => (name.endsWith(".") ? name : `${name}.`);
/** A record in the form in which Route 53 stores and compares it. */
const kept = ({ AliasTarget, ...record }) => ({
  ...record,
  Name: dotted(record.Name),
  ...(AliasTarget && { AliasTarget: { ...AliasTarget, DNSName: dotted(AliasTarget.DNSName) } }),
});
const order = ({ Name, Type }) => `${dotted(Name).split(".").reverse().join(".")} ${Type}`;

function hostedZone(id) {
  const records = zones[id];
  if (!records) throw new Error(`An error occurred (NoSuchHostedZone): No hosted zone found with ID: ${id}`);
  return records;
}

const aws = {
  // https://docs.aws.amazon.com/Route53/latest/APIReference/API_ListResourceRecordSets.html: the records from that name on, whether or not it exists.
  "route53 list-resource-record-sets": () => {
    const start = order({ Name: option("start-record-name"), Type: option("start-record-type") });
    const sorted = [...hostedZone(option("hosted-zone-id"))].sort((one, other) =>
      order(one) < order(other) ? -1 : 1,
    );
    const found = sorted.filter((record) => order(record) >= start);
    return { ResourceRecordSets: found.slice(0, Number(option("max-items"))) };
  },
  // https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeResourceRecordSets.html
  "route53 change-resource-record-sets": () => {
    const id = option("hosted-zone-id");
    let records = hostedZone(id);
    for (const { Action, ResourceRecordSet } of JSON.parse(option("change-batch")).Changes) {
      const record = kept(ResourceRecordSet);
      if ("AliasTarget" in record === ("TTL" in record && "ResourceRecords" in record))
        throw new Error(
          "An error occurred (InvalidInput): a record has either an alias target, or a TTL and values",
        );
      const others = records.filter((it) => order(it) !== order(record));
      if (Action === "DELETE") {
        if (!records.some((it) => isDeepStrictEqual(it, record)))
          throw new Error(
            `An error occurred (InvalidChangeBatch): [Tried to delete resource record set [name='${record.Name}', type='${record.Type}'] but it was not found]`,
          );
        records = others;
      } else records = [...others, record];
    }
    zones[id] = records;
    return { ChangeInfo: { Status: "PENDING" } };
  },
};

/** https://learn.microsoft.com/rest/api/dns/record-sets, https://learn.microsoft.com/rest/api/dns/privatednszones/record-sets. A page of a list has one record. */
function az() {
  if (args[0] !== "rest") throw new Error(`'${args[0]}' is misspelled or not recognized by the system.`);
  const { pathname, searchParams } = new URL(option("url"), "https://management.azure.com");
  const [, subscription, zone, type, name] =
    /^\/subscriptions\/([^/]+)(\/resourceGroups\/[^/]+\/providers\/Microsoft\.Network\/(?:dnsZones|privateDnsZones)\/[^/]+)\/([^/]+)(?:\/([^/]+))?$/.exec(
      pathname,
    ) ?? [];
  if (!subscription) throw new Error(`Bad Request({"error":{"code":"InvalidRequestUri"}})`);
  const version = zone.includes("privateDnsZones") ? "2020-06-01" : "2018-05-01";
  if (searchParams.get("api-version") !== version)
    throw new Error(`Bad Request({"error":{"code":"InvalidApiVersionParameter"}})`);
  if (!Object.keys(zones).some((it) => it.startsWith(`/subscriptions/${subscription}/`)))
    throw new Error(
      `Not Found({"error":{"code":"SubscriptionNotFound","message":"The subscription '${subscription}' could not be found."}})`,
    );
  const id = `/subscriptions/${subscription}${zone}`;
  const records = zones[id];
  if (!records)
    throw new Error(
      `Not Found({"error":{"code":"ParentResourceNotFound","message":"Failed to perform 'read' on resource(s) of type 'dnszones/${type}', because the parent resource could not be found."}})`,
    );
  const isIt = (it) => it.name.toLowerCase() === name.toLowerCase() && it.type.endsWith(`/${type}`);
  switch (option("method")) {
    case "get": {
      const page = Number(searchParams.get("$skiptoken"));
      const [value, ...more] = records.filter((it) => it.type.endsWith(`/${type}`)).slice(page);
      const nextLink = `https://management.azure.com${id}/${type}?api-version=${version}&$skiptoken=${page + 1}`;
      return { value: value ? [value] : [], ...(more.length > 0 && { nextLink }) };
    }
    case "delete":
      zones[id] = records.filter((it) => !isIt(it));
      return undefined;
    case "put": {
      const { properties } = JSON.parse(option("body"));
      const keys = Object.keys(properties)
        .map((key) => key.toLowerCase())
        .sort();
      if (
        !isDeepStrictEqual(
          keys,
          [`${type}${type === "A" ? "Records" : "Record"}`.toLowerCase(), "ttl"].sort(),
        )
      )
        throw new Error(`Bad Request({"code":"BadRequest","message":"The record set has ${keys}"})`);
      zones[id] = [
        ...records.filter((it) => !isIt(it)),
        { name, type: `Microsoft.Network/dnszones/${type}`, properties },
      ];
      return zones[id].at(-1);
    }
  }
}

try {
  const call = program === "az" ? az : aws[args.slice(0, 2).join(" ")];
  if (!call) throw new Error(`argument operation: Found invalid choice '${args[1]}'`);
  const before = JSON.stringify(zones);
  const answer = call();
  // Several processes read at the same time, so a call that changes nothing writes nothing.
  if (JSON.stringify(zones) !== before) writeFileSync(file, JSON.stringify(zones));
  if (answer !== undefined) console.log(JSON.stringify(answer));
} catch (error) {
  console.error(error.message);
  process.exitCode = 254;
}
