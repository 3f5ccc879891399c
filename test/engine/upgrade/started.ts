/** What all kinds of recorded stacks share. */
import type { Inputs } from "../../doubles/values.ts";
import { type CloudStack, said } from "../../support/cloud-stack.ts";
import type { Project } from "../../support/project.ts";

/** A stack without resources, and the double of the place where it runs. */
export interface Started extends AsyncDisposable {
  readonly stack: Pick<CloudStack, "pulumi" | "setSecret" | "configure" | "run">;
  /** Whether {@link restore} needs secrets in plain text. @default no */
  readonly readsSecrets?: boolean;
  /**
   * Creates the resources of the state in the empty place.
   * @returns new values by those in the state; empty if everything is as it was
   */
  restore(state: State): Promise<Readonly<Record<string, string>>>;
  /** What remains, if that can be determined. */
  left?(): Promise<readonly string[]>;
}

/** A project's stack, with changes in the same form as those of stacks in clouds. */
export function inWords(project: Project): Started["stack"] {
  return {
    ...project,
    async run(operation, args) {
      const run = await project.run(operation, args);
      return { ...run, changes: said(run.changes) };
    },
  };
}

/** The parts of `pulumi stack export` that are used. */
export interface State {
  readonly deployment: { readonly resources: readonly StateResource[] };
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Inputs;
  readonly outputs?: Inputs;
  /** The provider's URN, `::`, and its id. */
  readonly provider?: string;
}

export function nameOf({ urn }: StateResource): string {
  return urn.split("::").at(-1) ?? "";
}
