import { createPrivateKey } from "node:crypto";
import { constants, existsSync } from "node:fs";
import { access, readFile, statfs } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { type Problem, problemIf } from "../../config/problems.ts";
import type { LocalRegion } from "../../config/schema.ts";
import type { Findings } from "../kind.ts";
import { previousOutputs } from "../previous-outputs.ts";
import { readCertificate } from "../private-ca.ts";
import { isFor } from "./certificate.ts";
import { claimedPorts, type Layout, type LocalPlan } from "./plan.ts";
import { heldPorts, type PodmanPodInputs } from "./podman-pod.ts";

/** Finds what prevents a region's cache on this machine. Changes nothing. */
export async function preflight({ region, place }: LocalPlan): Promise<Findings> {
  let held: string;
  try {
    // This call works wherever `podman info` works, but `podman info` also waits for the machine's package manager.
    held = await heldPorts({ region: region.name, directory: place.directory }, { timeoutSeconds: 30 });
  } catch (error) {
    const message = `podman doesn't work on this machine (\`podman info\` must succeed): ${(error as Error).message}`;
    return { problems: [{ path: "topology", message }], warnings: [] };
  }
  const problems = await Promise.all([
    closedPorts(place),
    busyPorts(place, held),
    diskProblems(place, region),
    certificateProblems(region),
  ]);
  return { problems: problems.flat(), warnings: [] };
}

/** Ports that only root can listen on. No container of the Pod runs as root. */
async function closedPorts({ claims }: Layout): Promise<Problem[]> {
  const first = await readFile("/proc/sys/net/ipv4/ip_unprivileged_port_start", "utf8").catch(() => "0");
  return claims
    .filter(({ port }) => port < Number(first))
    .map(({ path, port }) => ({
      path,
      message: `port ${port} is open to root only: choose ${Number(first)} or more, or set the sysctl net.ipv4.ip_unprivileged_port_start`,
    }));
}

/** Ports that another process uses. @param held ports of this region's running Pod */
async function busyPorts(place: Layout, held: string): Promise<Problem[]> {
  const own = new Set(claimedPorts(held));
  const claims = await Promise.all(
    place.claims
      .filter(({ port }) => !own.has(port))
      .map(async ({ path, port }) => ({ path, port, free: await isFree(port) })),
  );
  const busy = claims.filter(({ free }) => !free);
  const [first] = busy;
  const holder = first && (await ownHolder(place, first.port));
  if (holder) {
    const message = `port ${first.port} is that of this stack's cache ${holder.region}: take that down first, by \`npm run local -- down\` or, in a program of your own, \`pulumi destroy\`. Its data stays in ${holder.directory}`;
    return [{ path: first.path, message }];
  }
  return busy.map(({ path, port }) => ({
    path,
    message: `port ${port} is in use on this machine: choose another one, or stop what uses it`,
  }));
}

/** Finds this stack's cache that holds a port under another name or in another directory. An update stops that cache only after the new one runs. */
async function ownHolder(place: Layout, port: number) {
  const pods = await previousOutputs<PodmanPodInputs>("pulumi-nodejs:dynamic/local:PodmanPod");
  for (const { region, directory } of pods.values()) {
    if (!region || !directory || directory === place.directory) continue;
    if (claimedPorts(await heldPorts({ region, directory })).includes(port)) return { region, directory };
  }
  return undefined;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)));
  });
}

/** An existing cache already has its share of the disk, so only the disk's total size counts. A new cache needs free space. */
async function diskProblems({ directory, diskGiB }: Layout, { storage }: LocalRegion): Promise<Problem[]> {
  const existing = nearestExisting(directory);
  const refusal = await access(existing, constants.W_OK).catch(({ code }) => code);
  // An existing directory belongs to the Pod's user, which podman maps to a user other than this process's.
  if (refusal === "EROFS" || (refusal && existing !== directory)) {
    const cause = refusal === "EROFS" ? "is read-only" : "isn't writable for you";
    return [{ path: "dataDir", message: `${existing} ${cause}: choose a directory elsewhere` }];
  }
  const { bavail, blocks, bsize } = await statfs(existing);
  const available = Math.floor(((existsSync(directory) ? blocks : bavail) * bsize) / 2 ** 30);
  const size = storage.sizeGiB === "auto" ? `the ${diskGiB}GiB of \`auto\`` : `${diskGiB}GiB`;
  return problemIf(
    available < diskGiB,
    "storage.size",
    `${size} don't fit on the disk of ${directory}, which has ${available}GiB for it: set a smaller size, or a dataDir elsewhere`,
  );
}

function nearestExisting(path: string): string {
  return existsSync(path) ? path : nearestExisting(dirname(path));
}

async function certificateProblems({ endpoint }: LocalRegion): Promise<Problem[]> {
  const { tls, hostname } = endpoint;
  if (tls.mode !== "provided") return [];
  const problem = (message: string) => [{ path: "endpoint.tls.certificateFile", message }];
  try {
    const certificate = await readCertificate(tls.certificateFile);
    const key = createPrivateKey(await readFile(tls.keyFile));
    if (!isFor(certificate, hostname)) {
      const names = certificate.subjectAltName ?? certificate.subject;
      return problem(`the certificate is for ${names}, not for the endpoint's hostname ${hostname}`);
    }
    if (Date.parse(certificate.validTo) < Date.now())
      return problem(`the certificate expired on ${certificate.validTo}`);
    const isOthers = !certificate.checkPrivateKey(key);
    return problemIf(isOthers, "endpoint.tls.keyFile", "the key is not that of the certificate");
  } catch (error) {
    return problem(`the certificate or its key can't be read: ${(error as Error).message}`);
  }
}
