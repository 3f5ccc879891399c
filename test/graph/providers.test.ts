/** Where a region's provider is in the tree of resources: docs/package.md. */
import assert from "node:assert/strict";
import { test } from "node:test";
import * as pulumi from "@pulumi/pulumi";
import { awsVm } from "../../components/hosts/aws/vm/kind.ts";
import { planAwsVm } from "../../components/hosts/aws/vm/plan.ts";
import { azureVm } from "../../components/hosts/azure/vm/kind.ts";
import { planAzureVm } from "../../components/hosts/azure/vm/plan.ts";
import { kubernetes } from "../../components/hosts/kubernetes/kind.ts";
import { planKubernetes } from "../../components/hosts/kubernetes/plan.ts";
import { registeredBy } from "../support/graph.ts";
import { kubernetesKeys } from "../support/kubernetes-regions.ts";
import { planRequest } from "../support/plan-request.ts";
import { keysOf } from "../support/stack-files.ts";

const upstreams = [{ name: "team", registry: "registry.example.com", repositories: ["team/**"] }];

/** The configuration of a stack file, with only its first region. */
function firstOf(file: string) {
  const { regions, ...keys } = keysOf(file);
  return { ...keys, regions: (regions as object[]).slice(0, 1), upstreams };
}

test("puts a region's provider under the component that the region is in", async () => {
  const resources = await registeredBy(() => {
    const parent = new pulumi.ComponentResource("my:index:Team", "team");
    awsVm.createProvider?.(
      planAwsVm(planRequest("aws vm", firstOf("stacks/Pulumi.aws-eu-central-1.yaml"))).plan,
      { parent },
    );
    azureVm.createProvider?.(
      planAzureVm(planRequest("azure vm", firstOf("stacks/Pulumi.azure-westeurope.yaml"))).plan,
      { parent },
    );
    kubernetes.createProvider?.(planKubernetes(planRequest("kubernetes", kubernetesKeys("volumes"))).plan, {
      parent,
    });
  });
  const providers = resources.filter(({ type }) => type.startsWith("pulumi:providers:"));
  assert.deepEqual(
    providers.map(({ type, parent }) => `${type} below ${parent}`).sort(),
    ["aws", "azure-native", "kubernetes"].map((name) => `pulumi:providers:${name} below my:index:Team team`),
  );
});
