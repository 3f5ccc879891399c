/** The SDK's own provider of dynamic resources. The engine can attach to it: https://www.pulumi.com/docs/iac/guides/building-extending/providers/debugging-providers/ */
import * as grpc from "@grpc/grpc-js";
import services from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import empty from "google-protobuf/google/protobuf/empty_pb.js";

/** Adds the provider to a server. */
export async function addDynamicProvider(server: grpc.Server): Promise<void> {
  const provider = await found();
  // The SDK's refuses it.
  const attach: grpc.handleUnaryCall<unknown, empty.Empty> = (_, callback) =>
    callback(null, new empty.Empty());
  server.addService(services.ResourceProviderService, Object.assign(provider, { attach }));
}

/** The SDK exports no class for it, but starts a server of its own. */
async function found(): Promise<grpc.UntypedServiceImplementation> {
  const { addService } = grpc.Server.prototype;
  const added = new Promise<grpc.UntypedServiceImplementation>((resolve) => {
    grpc.Server.prototype.addService = (_, implementation) => resolve(implementation);
  });
  process.argv[2] = "an engine's address, which it needs and doesn't use";
  await import("@pulumi/pulumi/cmd/dynamic-provider/index.js");
  grpc.Server.prototype.addService = addService;
  // Its handlers would print the program's errors instead of ending the process.
  for (const event of ["uncaughtException", "unhandledRejection"]) process.removeAllListeners(event);
  return added;
}
