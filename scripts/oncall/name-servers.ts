/** Asks a zone's own name servers, so that no resolver's cache is involved. */
import { Resolver } from "node:dns/promises";

export interface InZone {
  /** `example.com`. Undefined if no server could be asked for it. */
  readonly zone?: string | undefined;
  /** Whether a server has an address or an alias for the name. Undefined if no server can be reached. */
  readonly has: boolean | undefined;
}

const options = { timeout: 2000, tries: 2 };

/** Finds a private zone too, if this computer's resolver knows it. Otherwise, a public zone of the same name answers. */
export async function askZone(hostname: string): Promise<InZone> {
  const resolver = new Resolver(options);
  const labels = hostname.split(".");
  for (let at = 0; at < labels.length - 1; at += 1) {
    const zone = labels.slice(at).join(".");
    const servers = await answers(resolver.resolveNs(zone));
    if (servers === undefined) return { has: undefined };
    if (servers.length > 0) return { zone, has: await anyHas(resolver, servers, hostname) };
  }
  return { has: undefined };
}

async function anyHas(
  resolver: Resolver,
  servers: readonly string[],
  hostname: string,
): Promise<boolean | undefined> {
  const said = await Promise.all(
    servers.map(async (server) => {
      const found = await Promise.all([resolver.resolve4(server), resolver.resolve6(server)].map(answers));
      const addresses = found.flatMap((it) => it ?? []);
      return has(addresses, hostname);
    }),
  );
  // Some servers may not have the change yet.
  return said.includes(true) || (said.includes(false) ? false : undefined);
}

async function has(addresses: readonly string[], hostname: string): Promise<boolean | undefined> {
  if (addresses.length === 0) return undefined;
  const server = new Resolver(options);
  server.setServers(addresses);
  const asked = [server.resolve4(hostname), server.resolve6(hostname), server.resolveCname(hostname)];
  const found = await Promise.all(asked.map(answers));
  if (found.some((it) => it !== undefined && it.length > 0)) return true;
  return found.includes(undefined) ? undefined : false;
}

/** Empty if there are no records. Undefined if that isn't known. */
async function answers(asked: Promise<string[]>): Promise<string[] | undefined> {
  try {
    return await asked;
  } catch (error) {
    return ["ENOTFOUND", "ENODATA"].includes((error as NodeJS.ErrnoException).code ?? "") ? [] : undefined;
  }
}
