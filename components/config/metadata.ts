/** The syntax of names, labels and annotations in Kubernetes. */
import { z } from "zod";
import { matching } from "./text.ts";

/** https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names */
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?$/;

/** The name of a Kubernetes object. */
export const objectName = matching(
  dnsSubdomain,
  "the name of an object in Kubernetes: lower-case letters, digits, hyphens and points",
);

/** The syntax of the keys of labels and annotations: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
export const qualifiedName =
  /^(?:(?=.{1,253}\/)[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\/)?[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?$/;
export const metadataKey = matching(
  qualifiedName,
  "a key of a label or annotation, like team or example.com/team",
);
export const labelValue = matching(
  /^(?:[A-Za-z0-9](?:[\w.-]{0,61}[A-Za-z0-9])?)?$/,
  "the value of a label: up to 63 letters, digits and -_.",
);
export const labels = z.record(metadataKey, labelValue);
export const annotations = z.record(metadataKey, z.string());

/** Labels that the stack sets itself. Selectors of Services, NetworkPolicies and PodDisruptionBudgets depend on them. */
const reserved = /^(?:app\.kubernetes\.io\/(?:name|instance|managed-by)|pod-security\.kubernetes\.io\/.*)$/;

/** Further labels of an object of the workload. They can't replace those that the stack sets. */
export const ownLabels = labels.superRefine((given, context) => {
  for (const key of Object.keys(given).filter((it) => reserved.test(it))) {
    context.addIssue({
      code: "custom",
      path: [key],
      message: "can't be changed: the cache sets this label itself. Leave it out",
    });
  }
});
