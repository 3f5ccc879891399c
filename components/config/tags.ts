/** Tags of all resources of a stack, within the rules of the clouds. */
import { z } from "zod";
import { typeOf } from "./schema-problems.ts";
import { sameIgnoringCase } from "./text.ts";

/** Names of the tags that every resource of a stack has. */
export const stackTagNames = ["project", "stack", "managed-by"] as const;

/** Tag of a machine in Azure with the digest of its custom data, which Azure doesn't return. */
export const customDataTag = "custom-data";

interface TagRules {
  /** The cloud's name, for messages. */
  readonly cloud: string;
  /** The maximum number of tags in addition to the project's own. */
  readonly max: number;
  readonly whyMax: string;
  /** Characters that a name may have. */
  readonly name: RegExp;
  /** Characters that a value may have. */
  readonly value: RegExp;
  /** What {@link name} and {@link value} allow, in words. */
  readonly characters: string;
  /** Prefixes of names that the cloud reserves, in upper or lower case. */
  readonly reserved: readonly string[];
  /** Names of the tags that the project sets. Upper and lower case count as the same. */
  readonly own: readonly string[];
}

/** Limits in characters, the same for both clouds. */
const longestName = 128;
const longestValue = 256;

/**
 * General rules: https://docs.aws.amazon.com/tag-editor/latest/userguide/tagging.html. IAM treats names that differ only in case as the same:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html. An equals sign would end the name in a load balancer's annotation:
 * https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/service/annotations/. Names that EKS reserves:
 * https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html
 */
const awsRules: TagRules = {
  cloud: "AWS",
  max: 40,
  whyMax:
    "AWS takes 50 of a resource, of which up to ten are the project's own and those of EKS's controllers",
  name: /^[\p{L}\p{N}\p{Zs}_.:/+\-@]+$/u,
  value: /^[\p{L}\p{N}\p{Zs}_.:/=+\-@]*$/u,
  characters: "letters, digits, spaces and _.:/+-@, and in values =",
  reserved: [
    "aws:",
    "eks:",
    "eks.amazonaws.com/",
    "elbv2.k8s.aws/",
    "karpenter.sh/",
    "kubernetes.io/",
    "service.k8s.aws/",
  ],
  own: ["Name", ...stackTagNames],
};

/**
 * https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations. Key Vault secrets and DNS zones have at most 15 tags:
 * https://learn.microsoft.com/azure/key-vault/general/about-keys-secrets-certificates. Tag names of storage accounts have at most 128 characters.
 */
const azureRules: TagRules = {
  cloud: "Azure",
  max: 11,
  whyMax: "Azure takes 15 of a DNS zone and of a secret, of which up to four are the project's own",
  name: /^[^<>%&\\?/]+$/,
  value: /^.*$/s,
  characters: "no <>%&\\?/",
  reserved: ["microsoft", "azure", "windows"],
  own: [...stackTagNames, customDataTag],
};

/** The values of tags, by their names. */
export type Tags = Readonly<Record<string, string>>;

export const awsTags = tagsBy(awsRules);
export const azureTags = tagsBy(azureRules);

function tagsBy(rules: TagRules) {
  const text = z.string({ error: ({ input }) => `must be text, not ${typeOf(input)}: put it in quotes` });
  return z.record(z.string(), text).superRefine((tags, context) => {
    const names = Object.keys(tags);
    const refuse = (path: string[], message: string) => context.addIssue({ code: "custom", path, message });
    if (names.length > rules.max)
      refuse([], `has ${names.length} tags, and ${rules.max} are possible: ${rules.whyMax}`);
    for (const [index, name] of names.entries()) {
      const first = names.slice(0, index).find((other) => sameIgnoringCase(other, name));
      const message =
        tagProblem(name, tags[name] ?? "", rules) ??
        (first === undefined ? undefined : `differs from "${first}" in case only: leave one out`);
      if (message !== undefined) refuse([name], message);
    }
  });
}

/** What is wrong with one tag, independently of the others. */
function tagProblem(name: string, value: string, rules: TagRules): string | undefined {
  const { cloud, characters } = rules;
  const own = rules.own.find((it) => sameIgnoringCase(it, name));
  if (own !== undefined) return `is the project's own tag "${own}": choose another name`;
  const reserved = rules.reserved.find((start) => name.toLowerCase().startsWith(start));
  if (reserved !== undefined) return `begins with "${reserved}", which is reserved: choose another name`;
  if (name.length > longestName) return `has a name of ${name.length} characters: at most ${longestName}`;
  if (value.length > longestValue) return `has ${value.length} characters: at most ${longestValue}`;
  const isTrimmed = [name, value].every((it) => it === it.trim()) && name !== "";
  if (!isTrimmed) return "begins or ends with a space, or has no name";
  if (rules.name.test(name) && rules.value.test(value)) return undefined;
  return `has characters that ${cloud} doesn't take in a tag: ${characters}`;
}

/**
 * Why an Azure DNS zone can't have a tag with this name. Undefined if it can:
 * https://learn.microsoft.com/azure/azure-resource-manager/management/tag-resources#limitations
 */
export function zoneTagProblem(name: string): string | undefined {
  if (!/[ #:]/.test(name) && !/^\d/.test(name)) return undefined;
  return "a DNS zone in Azure takes no tag with a space, # or : in its name, or with a digit at its beginning";
}
