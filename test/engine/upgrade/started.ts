/** What the kinds of stacks have in common. */
import type { Inputs } from "../../doubles/values.ts";
import { type CloudStack, said } from "../../support/cloud-stack.ts";
import type { Project } from "../../support/project.ts";

/** A stack that nothing has been done with yet, and what stands in for the place where it is. */
export interface Started extends AsyncDisposable {
  readonly stack: Pick<CloudStack, "pulumi" | "setSecret" | "configure" | "run">;
  /** Whether {@link restore} takes secrets in plain text. @default no */
  readonly readsSecrets?: boolean;
  /**
   * Puts what the state speaks of there, where nothing is yet.
   * @returns by what the state has, what is there in its place; nothing where all is again as it was.
   */
  restore(state: State): Promise<Readonly<Record<string, string>>>;
  /** What is still there, where that can be asked. */
  left?(): Promise<readonly string[]>;
}

/** The stack of a project, whose changes are said as those of stacks in clouds are. */
export function inWords(project: Project): Started["stack"] {
  return {
    ...project,
    async run(operation, args) {
      const run = await project.run(operation, args);
      return { ...run, changes: said(run.changes) };
    },
  };
}

/** What `pulumi stack export` says, as far as it is looked at. */
export interface State {
  readonly deployment: { readonly resources: readonly StateResource[] };
}

export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Inputs;
  readonly outputs?: Inputs;
  /** The provider's URN, `::`, its id. */
  readonly provider?: string;
}

export function nameOf({ urn }: StateResource): string {
  return urn.split("::").at(-1) ?? "";
}
