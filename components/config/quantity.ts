/** Amounts of processor time and memory in the notation of Kubernetes: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/ */
import { matching } from "./text.ts";

export const cpuQuantity = matching(
  /^(?:[1-9]\d{0,6}m|(?=.*[1-9])\d{1,4}(?:\.\d{1,3})?)$/,
  'an amount of processor time: write it like 500m or "2"',
);

export const memoryQuantity = matching(
  /^[1-9]\d{0,6}(?:Mi|Gi)$/,
  "an amount of memory: write it like 512Mi or 2Gi",
);

/** @returns thousandths of a processor */
export function cpuMillisOf(quantity: string): number {
  return quantity.endsWith("m") ? Number.parseInt(quantity, 10) : Math.round(Number(quantity) * 1000);
}

/** @param quantity with the suffix Mi or Gi */
export function memoryMiBOf(quantity: string): number {
  return Number.parseInt(quantity, 10) * (quantity.endsWith("Gi") ? 1024 : 1);
}
