/**
 * The calls of EC2 and STS that the stack's own code makes. They are served in AWS's protocol, so that the real SDK makes them.
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/Query-Requests.html
 */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text as bodyOf } from "node:stream/consumers";
import type { Cloud, Thing } from "../cloud.ts";
import { CloudError, demand } from "../faults.ts";
import type { ServedApi } from "../served-api.ts";
import { type Inputs, text, valueAt, valuesAt } from "../values.ts";
import { isEnabled, isRegion, vCpusOf } from "./account.ts";
import { accountId } from "./existing.ts";
import { instance } from "./machine.ts";
import { lookAtNodes } from "./nodes.ts";
import { securityGroup } from "./security-group.ts";

/** Starts the API. Its environment has the services' addresses, and credentials. */
export async function serveEc2(cloud: Cloud): Promise<ServedApi> {
  const server = createServer(async (request, response) => {
    try {
      const parameters = new URLSearchParams(await bodyOf(request));
      const action = String(parameters.get("Action"));
      const answer = answers[action];
      demand(answer, "InvalidAction", `The action ${action} is not valid for this web service.`);
      const { service, scope } = signedFor(request);
      const [type, inputs] = [`${service}.${action}`, Object.fromEntries(parameters)];
      await cloud.guard?.demandRight({ kind: "call", type, inputs, scope });
      const content = answer({ cloud, scope, parameters });
      response.end(`<${action}Response><requestId>1</requestId>${content}</${action}Response>`);
    } catch (error) {
      if (!(error instanceof CloudError)) throw error;
      const [code = "", ...message] = error.message.split(": ");
      const tags = `<Code>${code}</Code><Message>${message.join(": ")}</Message>`;
      response.writeHead(400);
      response.end(`<Response><Errors><Error>${tags}</Error></Errors><RequestID>1</RequestID></Response>`);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    environment: {
      AWS_ENDPOINT_URL_EC2: `http://127.0.0.1:${port}`,
      AWS_ENDPOINT_URL_STS: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
      AWS_SECRET_ACCESS_KEY: "of no use to anyone",
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** The service and region of a signature: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
function signedFor({ headers }: IncomingMessage): { service: string; scope: string } {
  const [, region, service = ""] =
    headers.authorization?.match(/Credential=[^/]+\/\d{8}\/([^/]+)\/(ec2|sts)\/aws4_request/) ?? [];
  demand(region, "AuthFailure", "AWS was not able to validate the provided access credentials");
  return { service, scope: region };
}

interface Call {
  readonly cloud: Cloud;
  readonly scope: string;
  readonly parameters: URLSearchParams;
}

const answers: Readonly<Record<string, (call: Call) => string>> = {
  DescribeAddresses({ cloud, scope, parameters }) {
    const wanted = filtersOf(parameters, ["allocation-id"])["allocation-id"];
    const found = cloud
      .things("aws:ec2/eipAssociation:EipAssociation")
      .filter((it) => it.scope === scope && wanted?.includes(text("allocationId", it.inputs)));
    const items = found.map(({ id }) => `<item><associationId>${id}</associationId></item>`);
    return `<addressesSet>${items.join("")}</addressesSet>`;
  },

  /** Hides nodes of Auto Mode unless the request includes managed resources, because a service manages them. */
  DescribeInstances({ cloud, scope, parameters }) {
    const wanted = filtersOf(parameters, ["instance.group-id", "instance-state-name"]);
    const groups = wanted["instance.group-id"];
    const nodes =
      parameters.get("IncludeManagedResources") === "true" ? lookAtNodes(cloud, scope, groups) : [];
    const machines = groups ? [] : cloud.things(instance).filter((it) => it.scope === scope);
    const items = [...machines, ...nodes].map(({ type, id, inputs }) => {
      const isRunning = type === instance || valuesAt("pods[*]", inputs).length > 0;
      const state = isRunning ? "running" : "shutting-down";
      if (wanted["instance-state-name"]?.includes(state) === false) return "";
      // Each has a thread per core, like Graviton's.
      const machineType = text("instanceType", inputs);
      const cpus = `<cpuOptions><coreCount>${vCpusOf(machineType)}</coreCount><threadsPerCore>1</threadsPerCore></cpuOptions>`;
      const isSpot = text("instanceMarketOptions.marketType", inputs) === "spot";
      const lifecycle = isSpot ? "<instanceLifecycle>spot</instanceLifecycle>" : "";
      const placement = `<placement><tenancy>${inputs.tenancy ?? "default"}</tenancy></placement>`;
      return `<item><instanceId>${id}</instanceId><instanceType>${machineType}</instanceType><instanceState><name>${state}</name></instanceState>${lifecycle}${placement}${cpus}</item>`;
    });
    return `<reservationSet><item><instancesSet>${items.join("")}</instancesSet></item></reservationSet>`;
  },

  /** Without AllRegions, a region that isn't enabled is unknown. */
  DescribeRegions({ parameters }) {
    const name = String(parameters.get("RegionName.1"));
    const isKnown = isRegion(name) && (isEnabled(name) || parameters.get("AllRegions") === "true");
    demand(isKnown, "InvalidParameterValue", `Invalid region names: [${name}]`);
    const status = isEnabled(name) ? "opted-in" : "not-opted-in";
    return `<regionInfo><item><regionName>${name}</regionName><optInStatus>${status}</optInStatus></item></regionInfo>`;
  },

  /** A call of STS: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
  GetCallerIdentity: () =>
    `<GetCallerIdentityResult><Account>${accountId}</Account></GetCallerIdentityResult>`,

  DescribeSecurityGroups({ cloud, scope, parameters }) {
    const wanted = filtersOf(parameters, ["tag:aws:eks:cluster-name"]);
    const isWanted = ({ inputs }: Thing) =>
      Object.entries(wanted).every(([name, values]) => {
        const tags = (valueAt("tags", inputs) ?? {}) as Inputs;
        return values.includes(text(name.slice("tag:".length), tags));
      });
    const found = cloud.things(securityGroup).filter((it) => it.scope === scope && isWanted(it));
    const items = found.map(({ id }) => `<item><groupId>${id}</groupId></item>`);
    return `<securityGroupInfo>${items.join("")}</securityGroupInfo>`;
  },

  /** Also deletes lost network interfaces, which AWS removes by itself after a while. */
  DeleteSecurityGroup({ cloud, scope, parameters }) {
    const id = String(parameters.get("GroupId"));
    demand(
      cloud.find(securityGroup, id, scope),
      "InvalidGroup.NotFound",
      `The security group '${id}' does not exist`,
    );
    try {
      cloud.delete(securityGroup, id, scope);
    } finally {
      for (const it of cloud.things("aws:ec2/networkInterface:NetworkInterface")) {
        if (valuesAt("securityGroups[*]", it.inputs).includes(id)) cloud.remove(it);
      }
    }
    return "<return>true</return>";
  },
};

/** `Filter.1.Name=…&Filter.1.Value.1=…` @param known the filters that the double understands */
function filtersOf(parameters: URLSearchParams, known: readonly string[]): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  for (let index = 1; ; index++) {
    const name = parameters.get(`Filter.${index}.Name`);
    if (name === null) return filters;
    demand(known.includes(name), "InvalidParameterValue", `The filter '${name}' is invalid`);
    filters[name] = [...parameters]
      .filter(([key]) => key.startsWith(`Filter.${index}.Value.`))
      .map(([, value]) => value);
  }
}
