import type { Change } from "../engine/changes.ts";
import type { Adopted } from "./adopt.ts";

/** @returns information for the user, and what is missing or would change */
export function adoptedLines({ count, missing, changes }: Adopted): { lines: string[]; problems: string[] } {
  const named = ({ type, name }: Change) => `${type} ${name}`;
  const of = (kind: Change["kind"]) => changes.filter((it) => it.kind === kind);
  const expected = missing.filter(({ isExpected }) => isExpected);
  return {
    lines: [
      `${count} resources are taken over.`,
      ...expected.map(({ name, reason }) => `- ${name} ${reason}`),
      ...of("update").map((it) => `~ the next update changes ${named(it)}: ${it.because.join(", ")}`),
    ],
    problems: [
      ...(count === 0
        ? [
            "nothing was found that the state lacks. If something should be there, use the credentials of its account, and the name and regions that the stack had; otherwise, there is nothing to adopt: bring it up",
          ]
        : []),
      ...missing.filter(({ isExpected }) => !isExpected).map(({ name, reason }) => `${name}: ${reason}`),
      ...[...of("replace"), ...of("delete")].map(
        (it) => `the next update would ${it.kind} ${named(it)}: ${it.because.join(", ")}`,
      ),
    ],
  };
}
