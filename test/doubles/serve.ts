/**
 * Serves a cloud's double to the engine in place of a provider: `PULUMI_DEBUG_PROVIDERS=aws:<port>`.
 * It implements the provider protocol itself. The SDK's server, `@pulumi/pulumi/provider`, doesn't pass on the provider's configuration (its region
 * and default tags), and has no detailed differences, which both real providers return.
 * https://github.com/pulumi/pulumi/blob/v3.259.0/proto/pulumi/provider.proto
 */
import { isDeepStrictEqual } from "node:util";
import * as grpc from "@grpc/grpc-js";
import plugin from "@pulumi/pulumi/proto/plugin_pb.js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/provider_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";
import struct from "google-protobuf/google/protobuf/struct_pb.js";
import type { Cloud, Thing } from "./cloud.ts";
import { CloudError } from "./faults.ts";
import type { InputProblem } from "./sdk-types.ts";
import { asSecret, containsSecret, containsUnknown, type Inputs, revealed } from "./values.ts";

export interface ServedCloud extends AsyncDisposable {
  /** The value for PULUMI_DEBUG_PROVIDERS. */
  readonly address: string;
}

/** Engine and program need less time than this to send their next request. */
const quietMs = 25;

export async function serve(cloud: Cloud): Promise<ServedCloud> {
  const server = new grpc.Server();
  server.addService(services.ResourceProviderService, implementation(cloud));
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return {
    address: `${cloud.definition.name}:${port}`,
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
    },
  };
}

function implementation(cloud: Cloud): grpc.UntypedServiceImplementation {
  const { definition } = cloud;
  /** Each provider of a stack has its own connection, which identifies its requests. */
  const providers = new Map<string, Inputs>();
  const scopeOf = (peer: string) => definition.scopeOf(providers.get(peer) ?? {});
  const inTurn = lastFirst();

  /** The outputs that the engine stores. They are secret if they came from a secret. */
  function outputsOf({ inputs, outputs }: Pick<Thing, "inputs" | "outputs">, given: Inputs) {
    const all: Inputs = { ...inputs, ...outputs };
    return toStruct(
      Object.fromEntries(
        Object.entries(all).map(([key, value]) => [
          key,
          containsSecret(given[key]) ? asSecret(value) : value,
        ]),
      ),
    );
  }

  const addedTo = (inputs: Inputs, type: string, peer: string) =>
    definition.addedBy?.(providers.get(peer) ?? {}, inputs, type) ?? {};

  return {
    getPluginInfo: unary(
      (_: unknown, reply: plugin.PluginInfo) => reply.setVersion(definition.sdk.version),
      plugin.PluginInfo,
    ),
    attach: unary(() => {}, empty.Empty),
    cancel: unary(() => {}, empty.Empty),

    checkConfig: unary((request: messages.CheckRequest, reply) => {
      const inputs = unpack(request.getNews());
      reply.setInputs(request.getNews());
      definition.scopeOf(inputs);
      reply.setFailuresList(refusalsOf(() => definition.admitProvider?.(inputs)).map(failureOf));
    }, messages.CheckResponse),

    /** Without an answer, the engine compares the configurations itself, and replaces no provider. */
    diffConfig: unary((request: messages.DiffRequest, reply) => {
      const [before, after] = [unpack(request.getOldInputs()), unpack(request.getNews())];
      const differences = definition.providerDifferences?.(before, after);
      if (!differences) return;
      const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
      const { changed, replacing } = differences;
      reply.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
      reply.setDiffsList([...changed]).setReplacesList([...replacing]);
    }, messages.DiffResponse),

    configure: unary((request: messages.ConfigureRequest, reply, peer) => {
      providers.set(peer, unpack(request.getArgs()));
      reply.setAcceptsecrets(true).setSupportspreview(true);
    }, messages.ConfigureResponse),

    invoke: unary(async (request: messages.InvokeRequest, reply, peer) => {
      const [type, inputs, scope] = [request.getTok(), unpack(request.getArgs()), scopeOf(peer)];
      await cloud.guard?.demandRight({ kind: "call", type, inputs, scope, provider: providers.get(peer) });
      const answer = cloud.invoke(type, inputs, scope);
      reply.setReturn(toStruct(answer));
    }, messages.InvokeResponse),

    check: unary((request: messages.CheckRequest, reply, peer) => {
      const problems = cloud.check(request.getType(), unpack(request.getNews()), scopeOf(peer));
      reply.setInputs(request.getNews()).setFailuresList(problems.map(failureOf));
    }, messages.CheckResponse),

    diff: unary((request: messages.DiffRequest, reply, peer) => {
      const [before, after] = [unpack(request.getOldInputs()), unpack(request.getNews())];
      const type = request.getType();
      const paths = cloud.diff(type, before, after, providers.get(peer));
      const state = unpack(request.getOlds());
      const isTold = !containsUnknown(after) && (definition.isTold?.(state) ?? true);
      const added = isTold ? addedTo(after, type, peer) : {};
      for (const [name, value] of Object.entries(added))
        if (!isDeepStrictEqual(state[name], value)) paths.set(name, { replaces: false });
      const { DIFF_NONE, DIFF_SOME } = messages.DiffResponse.DiffChanges;
      const { UPDATE, UPDATE_REPLACE } = messages.PropertyDiff.Kind;
      reply.setChanges(paths.size > 0 ? DIFF_SOME : DIFF_NONE).setHasdetaileddiff(true);
      for (const [path, { replaces }] of paths) {
        const property = path.split(/[.[]/)[0] ?? path;
        reply.addDiffs(property);
        if (replaces) reply.addReplaces(property);
        const difference = new messages.PropertyDiff();
        difference.setKind(replaces ? UPDATE_REPLACE : UPDATE).setInputdiff(true);
        reply.getDetaileddiffMap().set(path, difference);
      }
    }, messages.DiffResponse),

    create: unary(async (request: messages.CreateRequest, reply, peer) => {
      const given = fromStruct(request.getProperties());
      const inputs = revealed(given) as Inputs;
      const added = addedTo(inputs, request.getType(), peer);
      if (request.getPreview()) {
        const shown = cloud.previewed(request.getType(), inputs);
        reply.setProperties(outputsOf({ inputs: shown, outputs: added }, given));
        return;
      }
      const [type, scope, provider] = [request.getType(), scopeOf(peer), providers.get(peer)];
      await cloud.guard?.demandRight({ kind: "create", type, inputs, scope, provider });
      await inTurn(() => {
        const kept = cloud.create(type, request.getName(), inputs, scope, added);
        reply.setId(kept.id).setProperties(outputsOf(kept, given));
      });
    }, messages.CreateResponse),

    /** Answers an import, or a refresh, which sends the previous state. A refresh only reports a missing resource, and the changes that the cloud's definition finds. */
    read: unary((request: messages.ReadRequest, reply, peer) => {
      const [type, id, scope] = [request.getType(), request.getId(), scopeOf(peer)];
      const before = request.getProperties();
      if (before && before.getFieldsMap().getLength() > 0) {
        const found = cloud.find(type, id, scope);
        if (!found) return;
        const changes = definition.refreshed?.(providers.get(peer) ?? {}, found);
        reply.setId(id).setInputs(request.getInputs());
        reply.setProperties(toStruct({ ...fromStruct(before), ...changes }));
        return;
      }
      const thing = cloud.read(type, id, scope);
      // An answer without an id means that there is no such resource.
      if (!thing) return;
      reply.setId(thing.id).setInputs(toStruct(thing.inputs)).setProperties(outputsOf(thing, {}));
    }, messages.ReadResponse),

    update: unary(async (request: messages.UpdateRequest, reply, peer) => {
      const given = fromStruct(request.getNews());
      const inputs = revealed(given) as Inputs;
      const added = addedTo(inputs, request.getType(), peer);
      if (request.getPreview()) {
        const olds = unpack(request.getOlds());
        const outputs = { ...olds, ...cloud.previewed(request.getType(), inputs, olds), ...added };
        reply.setProperties(outputsOf({ inputs, outputs }, given));
        return;
      }
      const [type, id, scope, provider] = [
        request.getType(),
        request.getId(),
        scopeOf(peer),
        providers.get(peer),
      ];
      const thing = cloud.find(type, id, scope);
      await cloud.guard?.demandRight({ kind: "update", type, inputs, scope, thing, provider });
      await inTurn(() => {
        const kept = cloud.update(type, id, inputs, scope, added);
        reply.setProperties(outputsOf(kept, given));
      });
    }, messages.UpdateResponse),

    delete: unary(async (request: messages.DeleteRequest, _, peer) => {
      const [type, id, scope, provider] = [
        request.getType(),
        request.getId(),
        scopeOf(peer),
        providers.get(peer),
      ];
      const inputs = unpack(request.getOldInputs());
      if (cloud.isForgotten(type, inputs)) return;
      const thing = cloud.find(type, id, scope);
      await cloud.guard?.demandRight({ kind: "delete", type, inputs, scope, thing, provider });
      await inTurn(() => cloud.delete(type, id, scope));
    }, empty.Empty),
  };
}

/** Runs one action at a time: of all waiting ones the last, once no other arrives. So an action on which nothing waits runs as late as possible. This shows where a program relies on an order that it doesn't declare. */
function lastFirst(): (action: () => void) => Promise<void> {
  const waiting: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  const rest = () => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      waiting.pop()?.();
      if (waiting.length > 0) rest();
    }, quietMs);
  };
  return (action) =>
    new Promise<void>((resolve, reject) => {
      waiting.push(() => {
        try {
          resolve(action());
        } catch (error) {
          reject(error);
        }
      });
      rest();
    });
}

function refusalsOf(ask: () => void): InputProblem[] {
  try {
    ask();
    return [];
  } catch (error) {
    if (!(error instanceof CloudError)) throw error;
    return [{ property: "", reason: error.message }];
  }
}

function failureOf({ property, reason }: InputProblem): messages.CheckFailure {
  const failure = new messages.CheckFailure();
  failure.setProperty(property);
  failure.setReason(reason);
  return failure;
}

/** A unary method of the protocol. */
function unary<Request, Reply>(
  method: (request: Request, reply: Reply, peer: string) => unknown,
  replyType: new () => Reply,
): grpc.handleUnaryCall<Request, Reply> {
  return async (call, callback) => {
    try {
      const reply = new replyType();
      await method(call.request, reply, call.getPeer());
      callback(null, reply);
    } catch (error) {
      const { message, stack } = error as Error;
      // Any other error is a mistake in the double.
      callback({ code: grpc.status.UNKNOWN, details: (error instanceof CloudError ? message : stack) ?? "" });
    }
  };
}

function fromStruct(value: struct.Struct | undefined): Inputs {
  return (value?.toJavaScript() ?? {}) as Inputs;
}

/** Converts to plain values, with secrets in plain text. */
function unpack(value: struct.Struct | undefined): Inputs {
  return revealed(fromStruct(value)) as Inputs;
}

function toStruct(value: Inputs): struct.Struct {
  // JSON removes undefined values, which a Struct can't represent.
  return struct.Struct.fromJavaScript(JSON.parse(JSON.stringify(value)));
}
