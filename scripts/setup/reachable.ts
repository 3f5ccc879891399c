import { Agent, get } from "node:https";

/** Long enough for a slow link and a proxy, short enough to wait for when there is no network. */
const patienceSeconds = 5;

/** Whether anything answers at an https address, through the proxy that the environment names, if any. */
export function isReachable(url: string): Promise<boolean> {
  const agent = new Agent({ proxyEnv: process.env });
  return new Promise((resolve) => {
    const request = get(url, { agent, signal: AbortSignal.timeout(patienceSeconds * 1000) }, (response) => {
      response.destroy();
      resolve(true);
    });
    request.on("error", () => resolve(false));
  });
}
