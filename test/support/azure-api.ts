/** The API of Azure's double, for programs that run under Pulumi's mocks. */
import { mock } from "node:test";
import { azureCloud } from "../doubles/azure/azure.ts";
import type { Cloud } from "../doubles/cloud.ts";
import { answer } from "../doubles/serve-api.ts";

/** Lets fetch() reach a new subscription, changed by `prepare`. */
export function answerFetch(prepare: (cloud: Cloud) => void = () => {}): void {
  const cloud = azureCloud();
  prepare(cloud);
  mock.method(globalThis, "fetch", async (input: string, init: { headers: { authorization: string } }) => {
    const ask = () => cloud.definition.api?.answer(cloud, new URL(input), init.headers.authorization) ?? {};
    const { status, body } = await answer(ask);
    return Response.json(body, { status });
  });
}
