import http from "node:http";
import https from "node:https";

/** Long enough for a slow link and a proxy, short enough to wait for when there is no network. */
const timeoutSeconds = 5;

/**
 * Whether anything answers at an `https://` or `http://` address. https goes through the proxy that the environment names, if any; plain http
 * doesn't: it is for addresses on this machine or in its private network.
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
