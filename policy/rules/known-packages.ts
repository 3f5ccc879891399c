import { z } from "zod";
import { rule } from "../rule.ts";

const providerType = "pulumi:providers:";

export const knownPackages = rule({
  name: "known-packages",
  level: "advisory",
  what: "All resources are of packages that the rules know.",
  why: "The rules find resources by their types. A resource of an unknown type passes all of them.",
  parameters: {
    packages: z
      .array(z.string())
      .default(["aws", "azure-native", "kubernetes", "pulumi", "pulumi-nodejs", "random", "time", "tls"])
      .describe("Packages whose resources the rules check, or which create nothing in an account."),
  },
  // Each package with resources has a provider, which stands for them.
  each({ type }, { packages }) {
    const name = type.startsWith(providerType) ? type.slice(providerType.length) : undefined;
    if (name === undefined || packages.includes(name)) return [];
    return [
      `uses the package \`${name}\`, whose own resources no rule checks: write rules for them, or add it to the parameter \`packages\``,
    ];
  },
});
