import type { z } from "zod";
import type { Problem } from "../components/config/problems.ts";
import type { StackConfig } from "../components/config/schema.ts";

/** A resource, as the engine is asked for it or as an account has it. */
export interface Resource {
  /** Pulumi's: `aws:ebs/volume:Volume` */
  readonly type: string;
  /** Pulumi's. */
  readonly name: string;
  /** Its inputs. Reading one that a preview can't know yet may throw: see pack.ts. */
  readonly props: Readonly<Record<string, unknown>>;
  /** Absent where nobody can tell: an account doesn't know what Pulumi protects. */
  readonly protect?: boolean;
}

export interface Violation {
  readonly resource: Resource;
  /** What is wrong with it. */
  readonly message: string;
}

/** What a violation does: `mandatory` ends the preview, `advisory` only warns. */
export const levels = ["mandatory", "advisory", "disabled"] as const;

type Values<Parameters extends z.ZodRawShape> = z.output<z.ZodObject<Parameters>>;

/** What must hold for every deployment. A rule judges resources, configurations or both. */
export interface Rule<Parameters extends z.ZodRawShape = z.ZodRawShape> {
  /** Kebab-case, and for ever: configurations name it. */
  readonly name: string;
  /** Unless policy/config.json says otherwise. */
  readonly level: (typeof levels)[number];
  /** What must hold, as a sentence. */
  readonly what: string;
  readonly why: string;
  /** What policy/config.json can set, each with a default. */
  readonly parameters?: Parameters;
  /** What is wrong with a resource by itself. It is judged before it is made. */
  each?(resource: Resource, parameters: Values<Parameters>): readonly string[];
  /** What is wrong with resources that belong together. They are judged when all are known. */
  all?(resources: readonly Resource[], parameters: Values<Parameters>, stack: string): readonly Violation[];
  /** What is wrong with the configuration of a stack, by paths in it. */
  configuration?(stack: string, config: StackConfig, parameters: Values<Parameters>): readonly Problem[];
}

/** A rule with its own parameters, as one of many. */
export function rule<Parameters extends z.ZodRawShape = Record<never, never>>(one: Rule<Parameters>): Rule {
  return one as unknown as Rule;
}

/** What must hold of resources, by their types: each demand by what is said where it doesn't hold. */
export type Demands = Readonly<
  Record<string, Readonly<Record<string, (props: Resource["props"]) => boolean>>>
>;

/** {@link Rule.each} for a table of demands. */
export function unmet(demands: Demands, { type, props }: Resource): string[] {
  const own = Object.hasOwn(demands, type) ? Object.entries(demands[type] ?? {}) : [];
  return own.filter(([, holds]) => !holds(props)).map(([message]) => message);
}

/** The kind of a resource of Kubernetes: `Deployment`; undefined for anything else. */
export function kindOf({ type }: Pick<Resource, "type">): string | undefined {
  return type.startsWith("kubernetes:") ? type.split(":").at(-1) : undefined;
}
