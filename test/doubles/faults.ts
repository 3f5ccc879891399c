/** What a cloud refuses, and what it does. */

/** A refusal, worded as the cloud words it: its code, and what is wrong. */
export class CloudError extends Error {
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = "CloudError";
  }
}

export function demand(condition: unknown, code: string, message: string): asserts condition {
  if (!condition) throw new CloudError(code, message);
}

/** Something that the cloud did. */
export interface Operation {
  readonly kind: "create" | "update" | "delete" | "stop";
  readonly type: string;
  readonly name: string;
}

/** Something that the cloud won't do when asked next. */
export interface Fault {
  readonly kind: Operation["kind"];
  /** @default whatever the type is */
  readonly type?: string;
  /** How many such requests pass before. @default 0 */
  readonly after?: number;
  readonly error: CloudError;
}

/** The faults that are still to come. */
export class Faults {
  readonly #waiting: { fault: Fault; left: number }[] = [];

  /** Refuses the next request of a kind, once. */
  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.after ?? 0 });
  }

  /** @throws CloudError where it is a request's turn to fail */
  letFail(kind: Operation["kind"], type: string): void {
    const isMeant = ({ fault }: { fault: Fault }) =>
      fault.kind === kind && (fault.type === undefined || fault.type === type);
    const index = this.#waiting.findIndex(isMeant);
    const found = this.#waiting[index];
    if (!found) return;
    if (found.left > 0) {
      found.left -= 1;
      return;
    }
    this.#waiting.splice(index, 1);
    throw found.fault.error;
  }
}
