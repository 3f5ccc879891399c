/** The resources that a program registers, recorded under Pulumi's mocks where they reach the engine. */
import "../../scripts/setup/sdk-without-traces.js";
import * as pulumi from "@pulumi/pulumi";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import { specialSecretSig, specialSigKey } from "@pulumi/pulumi/runtime/rpc.js";

export interface RegisteredResource {
  readonly type: string;
  readonly name: string;
  /** Type and name of the parent; empty for a resource without one. */
  readonly parent: string;
  /** Name of its provider; empty for the default one. */
  readonly provider: string;
  readonly custom: boolean;
  /** Names of its aliases; `without a parent` for one that has only that. */
  readonly aliases: readonly string[];
  readonly protect: boolean;
  readonly deleteBeforeReplace: boolean;
  readonly replaceOnChanges: readonly string[];
  readonly ignoreChanges: readonly string[];
  /** Type and name of the resource whose deletion deletes this one. */
  readonly deletedWith: string;
  /** Like `600s`; empty for the provider's default. */
  readonly customTimeouts: { readonly update: string; readonly delete: string };
  /** Types and names of the resources that this one depends on. */
  readonly dependencies: readonly string[];
  /** The inputs as the engine gets them in plain text; a secret is {@link secret}. */
  readonly inputs: Readonly<Record<string, unknown>>;
  /** The secrets among the inputs, by path: `properties.value`. */
  readonly secrets: Readonly<Record<string, unknown>>;
  readonly additionalSecretOutputs: readonly string[];
  /** The outputs that a component registered. */
  outputs?: Readonly<Record<string, unknown>>;
}

export const secret = "a secret";

/** The parts of the monitor's requests that are recorded. The SDK has no types for them. */
interface Request {
  getType(): string;
  getName(): string;
  getParent(): string;
  getProvider(): string;
  getCustom(): boolean;
  getProtect(): boolean;
  getDeletebeforereplace(): boolean;
  getReplaceonchangesList(): string[];
  getIgnorechangesList(): string[];
  getDeletedwith(): string;
  getCustomtimeouts(): { getUpdate(): string; getDelete(): string } | undefined;
  getDependenciesList(): string[];
  getAliasesList(): {
    getSpec(): { getName(): string; getNoparent(): boolean } | undefined;
    getUrn(): string;
  }[];
  getAdditionalsecretoutputsList(): string[];
  getObject(): { toJavaScript(): Record<string, unknown> };
  getUrn(): string;
  getOutputs(): { toJavaScript(): Record<string, unknown> };
}

type Call = (this: MockMonitor, request: Request, callback: unknown) => unknown;

/** The properties of a request for a resource, except its type and its inputs. */
export interface Asked {
  /** The resource's name. */
  readonly name: string;
  /** Reference to its provider: the URN, `::` and the ID. */
  readonly provider: string;
}

/**
 * Runs a program, and waits until all its registrations are done.
 * @param state the state of a custom resource in addition to its inputs; `id` is its id
 * @param lookUp the result of a provider's function
 */
export async function registeredBy(
  program: () => unknown,
  state: (
    type: string,
    inputs: Record<string, unknown>,
    asked: Asked,
  ) => Record<string, unknown> = () => ({}),
  lookUp: (token: string, inputs: Record<string, unknown>, provider: string) => Record<string, unknown> = (
    token,
  ) => {
    throw new Error(`unexpected call of ${token}`);
  },
): Promise<RegisteredResource[]> {
  const found: RegisteredResource[] = [];
  const prototype = MockMonitor.prototype as unknown as {
    registerResource: Call;
    registerResourceOutputs: Call;
  };
  const { registerResource, registerResourceOutputs } = prototype;
  prototype.registerResource = function (request, callback) {
    found.push(describe(request));
    return registerResource.call(this, request, callback);
  };
  prototype.registerResourceOutputs = function (request, callback) {
    const [type, name] = request.getUrn().split("::").slice(-2);
    const resource = found.find((it) => it.type === type?.split("$").at(-1) && it.name === name);
    if (resource) resource.outputs = request.getOutputs().toJavaScript();
    return registerResourceOutputs.call(this, request, callback);
  };
  try {
    await pulumi.runtime.setMocks(
      {
        newResource: ({ type, name, inputs, provider = "" }) => {
          const { id = `${name}-id`, ...added } = state(type, inputs, { name, provider });
          return { id: String(id), state: { ...inputs, ...added } };
        },
        call: ({ token, inputs, provider = "" }) => lookUp(token, inputs, provider),
      },
      "registry-cache",
      "test",
      false,
      "organization",
    );
    await program();
    await pulumi.runtime.disconnect();
  } finally {
    Object.assign(prototype, { registerResource, registerResourceOutputs });
  }
  return found;
}

function describe(request: Request): RegisteredResource {
  const { open, secrets } = withoutSecrets(request.getObject().toJavaScript());
  return {
    type: request.getType(),
    name: request.getName(),
    parent: typeAndName(request.getParent()),
    provider: request.getProvider().split("::").at(-2) ?? "",
    custom: request.getCustom(),
    aliases: request.getAliasesList().map((it) => {
      const spec = it.getSpec();
      return spec ? spec.getName() || (spec.getNoparent() ? "without a parent" : "") : it.getUrn();
    }),
    protect: request.getProtect(),
    deleteBeforeReplace: request.getDeletebeforereplace(),
    replaceOnChanges: request.getReplaceonchangesList(),
    ignoreChanges: request.getIgnorechangesList(),
    deletedWith: typeAndName(request.getDeletedwith()),
    customTimeouts: {
      update: request.getCustomtimeouts()?.getUpdate() ?? "",
      delete: request.getCustomtimeouts()?.getDelete() ?? "",
    },
    dependencies: request.getDependenciesList().map(typeAndName),
    inputs: open,
    secrets,
    additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
  };
}

function typeAndName(urn: string): string {
  return urn.split("::").slice(-2).join(" ").split("$").at(-1) ?? "";
}

/** Splits a value into a copy with {@link secret} in place of each secret, and the secrets by path. */
function withoutSecrets(value: Record<string, unknown>): {
  open: Record<string, unknown>;
  secrets: Record<string, unknown>;
} {
  const secrets: Record<string, unknown> = {};
  const open = (inner: unknown, path: string): unknown => {
    if (isSecret(inner)) {
      secrets[path] = inner.value;
      return secret;
    }
    if (Array.isArray(inner)) return inner.map((entry, index) => open(entry, `${path}[${index}]`));
    if (typeof inner !== "object" || inner === null) return inner;
    const prefix = path && `${path}.`;
    return Object.fromEntries(Object.entries(inner).map(([key, entry]) => [key, open(entry, prefix + key)]));
  };
  return { open: open(value, "") as Record<string, unknown>, secrets };
}

function isSecret(value: unknown): value is { value: unknown } {
  return (value as Record<string, unknown> | null)?.[specialSigKey] === specialSecretSig;
}

/** Waits for the value of an output. */
export async function settled<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => {
    output.apply(resolve as never);
  });
}
