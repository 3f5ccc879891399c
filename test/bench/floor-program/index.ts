// As many empty resources as FLOOR says, with a provider for each region.
import * as pulumi from "@pulumi/pulumi";

const { regions, resources, dynamic } = JSON.parse(process.env.FLOOR ?? "{}");

class Provider extends pulumi.ProviderResource {}
class Resource extends pulumi.CustomResource {}

const __provider = `exports.handler = () => ({ create: async () => ({ id: "nothing", outs: {} }) });`;

for (let region = 0; region < regions; region++) {
  const provider = new Provider("floor", `region-${region}`);
  for (let index = 0; index < resources / regions; index++) {
    new Resource("floor:index:Resource", `resource-${region}-${index}`, {}, { provider });
  }
}
for (let index = 0; index < dynamic; index++) {
  new Resource("pulumi-nodejs:dynamic/floor:Resource", `dynamic-${index}`, { __provider });
}
