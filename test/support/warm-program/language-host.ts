/** Serves this project's program to the engine, as the Automation API serves an inline program. It tells its parent the port, takes the environment of each run from it, and ends with it. */
import * as grpc from "@grpc/grpc-js";
import * as automation from "@pulumi/pulumi/automation/server.js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
// Does nothing unless a run's environment asks for it.
import "../../doubles/redirect-fetch.ts";

const LanguageServer: new (program: () => Promise<object>) => grpc.UntypedServiceImplementation = Reflect.get(
  automation,
  "LanguageServer",
);

let runs = 0;

/** Runs the program. start.js, with its preparations, runs only the first time. */
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
process.on("message", (environment: NodeJS.ProcessEnv) => {
  for (const name of Object.keys(process.env)) delete process.env[name];
  Object.assign(process.env, environment);
  process.send?.("ready");
});
process.on("disconnect", () => process.exit());
