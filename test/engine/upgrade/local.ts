/** A recorded stack on this machine. A double of podman reports the Pod that the state describes. */
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import type { Certificate } from "../../../components/hosts/local/certificate.ts";
import type { ObservedPod } from "../../../components/hosts/local/podman-pod.ts";
import { engineEnvironment } from "../../../scripts/engine/environment.ts";
import { lastPart } from "../../support/cloud-stack.ts";
import { newStack } from "../../support/project.ts";
import { tempDir } from "../../support/scope.ts";
import type { Config } from "../../support/stack-files.ts";
import { inWords, type Started, type State } from "./started.ts";

/** The certificate of the recorded stack's Pod, which isn't in the state. */
export const certificateFile = join(import.meta.dirname, "local-vm.crt");

/** As in the stack's configuration. The path is part of the Pod, so it is the same on every machine. */
export const dataDir = "/tmp/registry-cache-upgrade";

/** Plays the Pod with this machine's podman, until {@link Started.restore}. */
export async function startLocal(keys: Config): Promise<Started> {
  await using parts = new AsyncDisposableStack();
  const { path: directory } = parts.use(await tempDir());
  const { path: bin } = parts.use(await tempDir());
  const environment = { PATH: [bin, engineEnvironment().PATH].join(delimiter) };
  const project = await newStack({ stack: "local-vm", directory, keys, environment });
  const all = parts.move();
  return {
    stack: inWords(project),
    readsSecrets: true,
    async restore(state) {
      await writeFiles(outputsOf(state, "EndpointCertificate"));
      await standIn(bin, outputsOf(state, "PodmanPod"));
      return {};
    },
    left: async () =>
      (await Promise.all(["pod", "volume", "secret"].map((kind) => readdir(join(bin, kind))))).flat(),
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function outputsOf<Outputs>({ deployment }: State, type: string): Outputs {
  return deployment.resources.find((it) => lastPart(it.type) === type)?.outputs as Outputs;
}

/** Writes the parts of the certificate's files that are read; nobody reads the keys. The files stay, because other runs of the tests can use the same path at the same time. */
async function writeFiles({ directory, ca }: Certificate & { directory: string }): Promise<void> {
  const files = {
    "tls/tls.crt": await readFile(certificateFile, "utf8"),
    "tls/tls.key": "",
    "ca/ca.crt": ca?.certificate ?? "",
    "ca/ca.key": "",
  };
  for (const [name, content] of Object.entries(files)) {
    const path = join(directory, name);
    if ((await readFile(path, "utf8").catch(() => undefined)) === content) continue;
    await mkdir(dirname(path), { recursive: true });
    await writeFile(`${path}.${process.pid}`, content);
    await rename(`${path}.${process.pid}`, path);
  }
}

/** The Pod of an earlier version with all containers. It has labels. */
interface RecordedPod {
  readonly name: string;
  readonly observed: ObservedPod & { readonly labels?: Readonly<Record<string, string>> };
  readonly secrets: Readonly<Record<string, string>>;
}

/** Replaces podman with a program that reports the recorded Pod and its secrets. */
async function standIn(bin: string, { name, observed, secrets }: RecordedPod): Promise<void> {
  const containers = Object.entries(observed.states).map(([it, State]) =>
    observed.labels
      ? { Names: [`${name}-${it}`], PodName: name, State, Labels: observed.labels }
      : { Names: [`${it}-container`], PodName: it, State, Labels: {} },
  );
  await writeFile(join(bin, "containers.json"), JSON.stringify(containers));
  const made = observed.labels
    ? {
        pod: [name],
        volume: Object.keys(observed.states).map((it) => `${name}-${it}`),
        secret: Object.keys(secrets),
      }
    : { pod: Object.keys(observed.states), volume: [], secret: [] };
  for (const [kind, names] of Object.entries(made)) {
    await mkdir(join(bin, kind));
    for (const it of names) await writeFile(join(bin, kind, it), "");
  }
  const script = `#!/bin/sh
cd ${bin}
for last; do :; done
case "$1 $2" in
  "pod exists") [ -e "pod/$3" ] ;;
  "pod rm" | "volume rm" | "secret rm") rm "$1/$last" ;;
  "volume ls" | "secret ls") ls "$1" ;;
  "ps --all") case "$*" in *json*) cat containers.json ;; *) ls volume ;; esac ;;
esac
`;
  await writeFile(join(bin, "podman"), script, { mode: 0o755 });
}
