/** A stack with a temporary state in its own directory. Found resources are imported there first. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { fieldOf } from "../../components/config/as-written.ts";
import { namespace } from "../../components/config/schema.ts";
import { parseYaml } from "../../components/config/stack-file.ts";
import { engineCommand } from "../engine/command.ts";
import { type DetailedRun, Engine } from "../engine/engine.ts";
import { engineEnvironment } from "../engine/environment.ts";
import type { Resource } from "../engine/state.ts";
import type { ImportFile } from "./import-file.ts";

export class Scratch implements AsyncDisposable {
  readonly #engine: Engine;
  readonly #stack: string;
  readonly #path: string;
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(project: string, stack: string, path: string) {
    this.#stack = stack;
    this.#path = path;
    this.#environment = {
      ...engineEnvironment(),
      PULUMI_BACKEND_URL: `file://${join(path, "state")}`,
      REGISTRY_CACHE_ADOPTING: "true",
    };
    this.#engine = new Engine(project, this.#environment).handOnSignals();
  }

  /**
   * @param project directory of Pulumi.yaml
   * @param configFile the stack's file. Its secrets are decrypted as for the stack itself.
   * @throws Error if the stack can't be created, for example without the passphrase
   */
  static async create(project: string, stack: string, configFile: string): Promise<Scratch> {
    const path = await mkdtemp(join(tmpdir(), "registry-cache-adopt-"));
    const scratch = new Scratch(project, stack, path);
    try {
      await mkdir(join(path, "state"));
      await copyFile(configFile, scratch.#configFile);
      // The engine writes a new stack's salt or key next to the project file. This one keeps it out of the checkout.
      await writeFile(join(path, "Pulumi.yaml"), stringify({ name: namespace, runtime: "nodejs" }));
      // https://www.pulumi.com/docs/iac/concepts/secrets/#configuring-secrets-encryption
      const provider = fieldOf(parseYaml(await readFile(configFile, "utf8"), configFile), "secretsprovider");
      const secrets = ["--secrets-provider", String(provider ?? "default")];
      await scratch.#pulumi(["stack", "init", "--no-select", ...secrets, stack]);
      return scratch;
    } catch (error) {
      await scratch[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Replaces the state. */
  async reset(deployment: object): Promise<void> {
    const input = JSON.stringify({ version: 3, deployment });
    await this.#pulumi(["stack", "import", "--stack", this.#stack], input);
  }

  /** Also returns the import file that `pulumi preview` writes. Its secrets are encrypted as in the stack itself. */
  async preview(): Promise<{ run: DetailedRun; skeleton: ImportFile }> {
    const file = join(this.#path, "skeleton.json");
    const args = ["--config-file", this.#configFile, "--import-file", file];
    const run = await this.#engine.run(this.#stack, "preview", args);
    return { run, skeleton: run.succeeded ? JSON.parse(await readFile(file, "utf8")) : { resources: [] } };
  }

  /** The engine refuses a resource that the state has with another ID. */
  async import(content: ImportFile): Promise<DetailedRun> {
    const file = join(this.#path, "import.json");
    await writeFile(file, JSON.stringify(content), { mode: 0o600 });
    return this.#engine.run(this.#stack, "import", [
      ...["--config-file", this.#configFile, "--file", file],
      ...["--protect=false", "--generate-code=false", "--skip-preview"],
    ]);
  }

  /** Secrets stay encrypted. */
  async resources(): Promise<readonly Resource[]> {
    const { deployment } = await this.#engine.state(this.#stack);
    return deployment?.resources ?? [];
  }

  get #configFile(): string {
    return join(this.#path, `Pulumi.${this.#stack}.yaml`);
  }

  #pulumi(args: readonly string[], input = ""): Promise<string> {
    return engineCommand(args, { directory: this.#path, environment: this.#environment, input });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#path, { recursive: true, force: true });
  }
}
