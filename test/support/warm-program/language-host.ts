/**
 * Serves this project's program to the engine, as the Automation API serves an inline program, and the provider of its dynamic resources. A run is lent by a connection: when it is the run's turn, it gets the address
 * of the engine's server, sends the run's environment as JSON, gets another line when that is set, and ends the connection after the run.
 */
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import * as automation from "@pulumi/pulumi/automation/server.js";
import services from "@pulumi/pulumi/proto/language_grpc_pb.js";
// Does nothing unless a run's environment asks for it.
import "../../doubles/redirect-fetch.ts";
import { addDynamicProvider } from "./dynamic-provider.ts";

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
await addDynamicProvider(server);
const engine = await new Promise<number>((resolve, reject) => {
  const credentials = grpc.ServerCredentials.createInsecure();
  server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error ? reject(error) : resolve(port)));
});

/** When the last connection so far ends. */
let isFree: Promise<unknown> = Promise.resolve();
const lender = createServer((connection) => {
  const isMyTurn = isFree;
  const ended = new Promise((resolve) => connection.once("close", resolve));
  isFree = Promise.all([isMyTurn, ended]);
  // Whoever didn't wait for its turn has closed the connection.
  const lines = createInterface({ input: connection });
  for (const it of [connection, lines]) it.on("error", () => {});
  lines.on("line", (environment) => {
    for (const name of Object.keys(process.env)) delete process.env[name];
    Object.assign(process.env, JSON.parse(environment));
    connection.write("ready\n");
  });
  void isMyTurn.then(() => connection.write(`127.0.0.1:${engine}\n`));
});
lender.listen(0, "127.0.0.1");
await once(lender, "listening");
process.send?.((lender.address() as AddressInfo).port);
process.on("disconnect", () => process.exit());
