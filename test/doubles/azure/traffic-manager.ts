/** Traffic Manager: names whose answers depend on probes. */
import ipaddr from "ipaddr.js";
import type { Rules } from "../cloud.ts";
import { demand } from "../faults.ts";
import { type Inputs, number, text, valueAt, valuesAt } from "../values.ts";
import { resource } from "./resource.ts";

const profile = "azure-native:trafficmanager:Profile";
const invalid = (condition: unknown, message: string) => demand(condition, "BadRequest", message);

/** https://learn.microsoft.com/azure/traffic-manager/traffic-manager-monitoring#configure-endpoint-monitoring */
function checkMonitor(monitor: Inputs): void {
  const { protocol, path, intervalInSeconds: interval = 30, timeoutInSeconds: timeout = 10 } = monitor;
  invalid(["HTTP", "HTTPS", "TCP"].includes(String(protocol)), `protocol ${protocol}`);
  invalid((protocol === "TCP") === (path === undefined), `path ${path} with ${protocol}`);
  const longest = { 30: 10, 10: 9 }[Number(interval)];
  invalid(
    longest !== undefined && Number(timeout) >= 5 && Number(timeout) <= longest,
    `${interval} s, ${timeout} s`,
  );
  const failures = number("toleratedNumberOfFailures", monitor) ?? 3;
  invalid(failures >= 0 && failures <= 9, `toleratedNumberOfFailures ${failures}`);
}

/** https://learn.microsoft.com/azure/traffic-manager/traffic-manager-faqs#traffic-manager-endpoints */
function checkEndpoints(endpoints: readonly Inputs[]): void {
  const targets = endpoints.map((it) => text("target", it));
  const addresses = targets.filter((it) => ipaddr.isValid(it));
  invalid(addresses.length === 0 || addresses.length === targets.length, "names and addresses are mixed");
  invalid(
    addresses.every((it) => ipaddr.parse(it).range() === "unicast"),
    `addresses ${addresses}`,
  );
  invalid(new Set(targets).size === targets.length, `the same target twice: ${targets}`);
  const priorities = endpoints.map((it) => number("priority", it));
  invalid(new Set(priorities).size === priorities.length, `priorities ${priorities}`);
}

export const trafficManagerRules: Readonly<Record<string, Rules>> = {
  [profile]: resource(
    {
      kind: "Microsoft.Network/trafficManagerProfiles",
      name: "profileName",
      pattern: /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i,
      isGlobal: true,
    },
    {
      check(inputs) {
        invalid(inputs.location === "global", `location ${inputs.location}`);
        checkMonitor((inputs.monitorConfig ?? {}) as Inputs);
        checkEndpoints(valuesAt("endpoints[*]", inputs) as Inputs[]);
      },
      admit({ cloud, inputs }) {
        const name = valueAt("dnsConfig.relativeName", inputs);
        const taken = cloud
          .things(profile)
          .some((it) => valueAt("dnsConfig.relativeName", it.inputs) === name);
        demand(!taken, "Conflict", `Domain name ${name}.trafficmanager.net already exists.`);
      },
      create: () => ({ id: "" }),
    },
  ),
};
