import type { z } from "zod";
import type { Problem } from "../components/config/problems.ts";
import type { StackConfig } from "../components/config/schema.ts";

/** A resource, either as the program registers it with the engine or as it exists in an account. */
export interface Resource {
  /** Pulumi's type token: `aws:ebs/volume:Volume` */
  readonly type: string;
  /** The logical name in Pulumi. */
  readonly name: string;
  /** The inputs. During a preview, reading an unknown value may throw: see pack.ts. */
  readonly props: Readonly<Record<string, unknown>>;
  /** Whether Pulumi protects the resource. Absent for resources read from an account, which doesn't know. */
  readonly protect?: boolean;
}

export interface Violation<Given extends Resource = Resource> {
  readonly resource: Given;
  /** What is wrong with it. */
  readonly message: string;
}

/** The effect of a violation: `mandatory` ends the preview, `advisory` only warns. */
export const levels = ["mandatory", "advisory", "disabled"] as const;

type Values<Parameters extends z.ZodRawShape> = z.output<z.ZodObject<Parameters>>;

/** A requirement for every deployment. A rule checks resources, configurations or both. */
export interface Rule<Parameters extends z.ZodRawShape = z.ZodRawShape> {
  /** In kebab-case. It must never change, because configurations refer to it. */
  readonly name: string;
  /** The default level. policy/config.json can set another one. */
  readonly level: (typeof levels)[number];
  /** The requirement, as a sentence. */
  readonly what: string;
  readonly why: string;
  /** The parameters that policy/config.json can set. Each has a default. */
  readonly parameters?: Parameters;
  /** Checks one resource by itself, before it is created. @returns what is wrong */
  each?(resource: Resource, parameters: Values<Parameters>): readonly string[];
  /** Checks all resources of a stack together, after all are registered. @returns what is wrong */
  all?<Given extends Resource>(
    resources: readonly Given[],
    parameters: Values<Parameters>,
    stack: string,
  ): readonly Violation<Given>[];
  /** Checks the configuration of a stack. @returns what is wrong, with paths in the configuration */
  configuration?(stack: string, config: StackConfig, parameters: Values<Parameters>): readonly Problem[];
}

/** Hides the type of a rule's parameters, so that rules with different parameters fit into one list. */
export function rule<Parameters extends z.ZodRawShape = Record<never, never>>(one: Rule<Parameters>): Rule {
  return one as unknown as Rule;
}

/** Conditions by resource type. The key of each condition is the message for a resource that doesn't meet it. */
export type Demands = Readonly<
  Record<string, Readonly<Record<string, (props: Resource["props"]) => boolean>>>
>;

/** Implements {@link Rule.each} for a table of demands. @returns the messages of those that the resource doesn't meet */
export function unmet(demands: Demands, { type, props }: Resource): string[] {
  const own = Object.hasOwn(demands, type) ? Object.entries(demands[type] ?? {}) : [];
  return own.filter(([, holds]) => !holds(props)).map(([message]) => message);
}

/** The kind of a Kubernetes resource, for example `Deployment`. Undefined for other resources. */
export function kindOf({ type }: Pick<Resource, "type">): string | undefined {
  return type.startsWith("kubernetes:") ? type.split(":").at(-1) : undefined;
}
