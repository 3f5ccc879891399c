/** Serves this project's program to the engine, as the Automation API serves an inline program. Its parent is told the port, and ends it. */
import * as grpc from "@grpc/grpc-js";
import * as automation from "@pulumi/pulumi/automation/server.js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";

const LanguageServer: new (program: () => Promise<object>) => grpc.UntypedServiceImplementation = Reflect.get(
  automation,
  "LanguageServer",
);

let runs = 0;

/** What start.js does before it comes to index.ts is done once. */
async function program(): Promise<object> {
  if (runs++ === 0) return (await import("../../../start.js")).default;
  return { ...(await import(`../../../index.ts?run=${runs}`)) };
}

const server = new grpc.Server();
server.addService(services.LanguageRuntimeService, new LanguageServer(program));
server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) throw error;
  process.send?.(port);
});
process.on("disconnect", () => process.exit());
