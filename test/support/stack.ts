/** A local stack under the real engine, with a data directory of its own. */
import assert from "node:assert/strict";
import { join } from "node:path";
import type { ClientConfiguration } from "../../components/clients/clients.ts";
import type { Images } from "../../components/config/images.ts";
import { parseConfig } from "../../components/config/parse.ts";
import { podPortCount } from "../../components/config/ports.ts";
import type { LocalRegion } from "../../components/config/schema.ts";
import { removeOwned } from "../../components/hosts/local/owned-files.ts";
import { type Layout, layout } from "../../components/hosts/local/plan.ts";
import { engineEnvironment } from "../../scripts/engine/environment.ts";
import { podImages } from "./pod-images.ts";
import { freePort, freePorts } from "./ports.ts";
import { type EngineRun, newStack, type Operation, type ProjectOptions } from "./project.ts";
import { tempDir } from "./scope.ts";

/** What the engine did or, in a preview, would do. */
export interface Run extends Pick<EngineRun, "failed" | "messages" | "violations"> {
  /** The operation per resource type, without its package: `PodmanPod` → `update`. Unchanged resources are left out. */
  readonly changes: Readonly<Record<string, string>>;
}

export interface Outputs {
  readonly caches: Readonly<Record<string, { endpoint: string; ca?: { file: string; certificate: string } }>>;
  readonly clients: Readonly<Record<string, ClientConfiguration>>;
}

export interface TestStack extends AsyncDisposable {
  readonly layout: Layout;
  /** The environment of each process of the engine. */
  readonly environment: NodeJS.ProcessEnv;
  /** The region's name. */
  readonly region: string;
  /** In the format of the stack's configuration. */
  readonly upstreams: StackOptions["upstreams"];
  /** The images on this machine, in the format of the stack's configuration. */
  readonly images: Images;
  /** Writes the stack's file: `keys` over the initial ones, `region` over its only region. */
  configure(keys: Record<string, unknown>, region?: Record<string, unknown>): Promise<void>;
  /** Runs `preview`, `up`, `refresh` or `destroy`. Doesn't throw when it fails. */
  run(operation: Operation, options?: RunOptions): Promise<Run>;
  /** See {@link Project}. */
  setSecret(path: string, value: string): Promise<void>;
  setSecrets(values: Readonly<Record<string, string>>): Promise<void>;
  outputs(): Promise<Outputs>;
  /** The stack's state as it is stored. */
  state(): Promise<string>;
}

export interface RunOptions {
  readonly args?: readonly string[];
  /** Replaces the PATH after the engine's own programs. */
  readonly path?: string;
}

export interface StackOptions extends Pick<ProjectOptions, "isWarm"> {
  readonly upstreams: readonly Record<string, unknown>[];
  /** As in a stack file, merged over the tests' defaults. */
  readonly region?: Readonly<Record<string, unknown>>;
}

let count = 0;

/** Creates a stack without resources. */
export async function testStack({ upstreams, region = {}, ...options }: StackOptions): Promise<TestStack> {
  const dir = await tempDir();
  const initialRegion = {
    name: `stack-${process.pid}-${++count}`,
    dataDir: join(dir.path, "data"),
    storage: { kind: "disk", size: "1GiB" },
    endpoint: { port: await freePort() },
    internalPort: await freePorts(podPortCount(upstreams.length)),
    ...region,
  };
  const initial = { provider: "local", upstreams, images: await podImages() };
  const keys = { ...initial, regions: [initialRegion] };
  const project = await newStack({ stack: "local", directory: dir.path, keys, ...options });
  const { regions, upstreams: parsed } = parseConfig(keys);
  const place = layout(regions[0] as LocalRegion, parsed);

  const run: TestStack["run"] = async (operation, { args = [], path } = {}) => {
    const env =
      path === undefined ? {} : { PATH: engineEnvironment().PATH?.replace(process.env.PATH ?? "", path) };
    const { changes, ...result } = await project.run(operation, args, env);
    const byType = changes.map(({ op, type }) => [type.split(":").at(-1), op]);
    return { ...result, changes: Object.fromEntries(byType) };
  };

  return {
    layout: place,
    environment: project.environment,
    region: initialRegion.name,
    upstreams,
    images: initial.images,
    configure: (keys, change = {}) =>
      project.configure({ ...initial, regions: [{ ...initialRegion, ...change }], ...keys }),
    run,
    setSecret: project.setSecret,
    setSecrets: project.setSecrets,
    outputs: async () => (await project.outputs()) as unknown as Outputs,
    state: project.state,
    async [Symbol.asyncDispose]() {
      const { failed, messages } = await run("destroy");
      assert.ok(!failed, messages);
      await removeOwned(place.directory);
      await dir[Symbol.asyncDispose]();
    },
  };
}
