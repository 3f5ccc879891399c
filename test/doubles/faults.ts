/** The refusals and the operations of a cloud. */

/** A refusal in the cloud's words: its code, and what is wrong. */
export class CloudError extends Error {
  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.name = "CloudError";
  }
}

export function demand(condition: unknown, code: string, message: string): asserts condition {
  if (!condition) throw new CloudError(code, message);
}

/** An operation that the cloud has done. */
export interface Operation {
  readonly kind: "create" | "update" | "delete" | "stop";
  readonly type: string;
  readonly name: string;
}

/** The next request of a kind fails with this error. */
export interface Fault {
  readonly kind: Operation["kind"];
  /** @default any type */
  readonly type?: string;
  /** How many such requests succeed before. @default 0 */
  readonly after?: number;
  readonly error: CloudError;
}

/** The faults that haven't happened yet. */
export class Faults {
  readonly #waiting: { fault: Fault; left: number }[] = [];

  /** Refuses the next request of this kind, once. */
  add(fault: Fault): void {
    this.#waiting.push({ fault, left: fault.after ?? 0 });
  }

  /** @throws CloudError if a fault applies to this request */
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
