import http from "node:http";
import https from "node:https";

/** Long enough for a slow network and a proxy, but short enough to wait for if there is no network. */
const timeoutSeconds = 5;

/**
 * Whether an `https://` or `http://` URL gets any response. https uses the environment's proxy, if there is one. Plain http doesn't, because
 * it is for addresses on this machine or in its private network.
 */
export function isReachable(url: string): Promise<boolean> {
  const signal = AbortSignal.timeout(timeoutSeconds * 1000);
  return new Promise((resolve) => {
    const answered = (response: http.IncomingMessage) => {
      response.destroy();
      resolve(true);
    };
    const request = url.startsWith("http:")
      ? http.get(url, { signal }, answered)
      : https.get(url, { signal, agent: new https.Agent({ proxyEnv: process.env }) }, answered);
    request.on("error", () => resolve(false));
  });
}
