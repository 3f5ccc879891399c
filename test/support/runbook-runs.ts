/** Runs the blocks of the runbooks as somebody on call pastes them, and records which test file runs which block. */
import assert from "node:assert/strict";
import { relative } from "node:path";
import type { AlertName } from "../../components/config/alerts.ts";
import { projectDirectory } from "./project.ts";
import { type Block, blocksOf, type Place, runbook, type Section, withVariables } from "./runbooks.ts";

/** Runs a script in a shell at one of the places. */
export type Shell = (script: string) => Promise<{ readonly exitCode: number; readonly output: string }>;

export interface RunOptions {
  /** Replaces the values in blocks whose first line sets these variables. */
  readonly values?: Readonly<Record<string, string>>;
  /** Commands that may fail here, because the fault is present, or because the place lacks what they need. @default none */
  readonly mayFail?: RegExp;
}

/** Selects blocks of a section. */
export interface Choice {
  /** Only blocks with such text. @default all */
  readonly matching?: RegExp;
  /** Only blocks without such text. @default all */
  readonly except?: RegExp;
}

/** The blocks that a test file runs. Each block must be claimed for each of its places: test/unit/runbooks.test.ts checks this. */
interface Claim extends Choice {
  readonly file: string;
  readonly place: Place;
  /** @default all */
  readonly of?: readonly AlertName[];
  /** @default all */
  readonly sections?: readonly Section[];
  /** The place where the file runs them, of which the blocks must be, too. @default {@link place} */
  readonly as?: Place;
  /** Excludes the blocks of this place. */
  readonly notOn?: Place;
}

/** Matches blocks with only the program's own commands. Their result is the same on every host, because it comes from the same containers. */
const programOnly =
  /^(?:(?:registry-cache (?!k )|for origin in|UPSTREAM=|PART=|ORIGIN=|CLIENT=|DIGEST=| {2}awk ).*\n)+$/;

const [programs, alerts] = ["test/programs/runbook-commands.test.ts", "test/e2e/alerts.test.ts"];
const [aws, azure] = ["test/boot/aws.test.ts", "test/boot/azure.test.ts"];
const [cluster, nodes] = ["test/engine/kubernetes.test.ts", "test/nodes/workload.test.ts"];

export const claims: readonly Claim[] = [
  { file: programs, place: "aws" },
  { file: programs, place: "azure" },
  { file: programs, place: "stack" },
  { file: alerts, place: "local" },
  { file: alerts, place: "client" },
  { file: alerts, place: "anywhere" },
  // In the boot tests' machines, a command can take seconds. They run enough blocks to cover each command of the program, and all blocks that need
  // more than the program.
  { file: alerts, place: "vm", as: "local", matching: programOnly },
  { file: aws, place: "vm", of: ["RegistryCacheDown"], matching: /^registry-cache / },
  {
    file: aws,
    place: "vm",
    of: [
      "RegistryCacheSlow",
      "RegistryCacheDiskFull",
      "RegistryCacheDiskFilling",
      "RegistryCacheProbeFailing",
      "RegistryCacheTargetMissing",
      "RegistryCacheRestartLoop",
    ],
    notOn: "local",
  },
  { file: azure, place: "vm", of: ["RegistryCacheDown"], matching: /^systemctl status|lsblk/ },
  {
    file: azure,
    place: "vm",
    of: ["RegistryCacheCertificateExpiring", "RegistryCachePodOutdated"],
    notOn: "local",
  },
  {
    file: cluster,
    place: "kubernetes",
    of: ["RegistryCacheDown"],
    matching: /describe --show-events pods,|get services|taint/,
  },
  {
    file: cluster,
    place: "kubernetes",
    of: ["RegistryCacheCertificateExpiring"],
    matching: /certificaterequests|patch certificate|create secret/,
  },
  // A restart replaces a replica, so one test does it for all. The blocks under Verify are also under See. The replicas here have no prefetch.
  { file: alerts, place: "kubernetes", as: "local", of: ["RegistryCachePrefetchIncomplete"] },
  { file: alerts, place: "kubernetes", as: "local", sections: ["Do", "Verify"], matching: programOnly },
  { file: nodes, place: "kubernetes", sections: ["See"], except: /certificaterequests|prefetch/ },
  {
    file: nodes,
    place: "kubernetes",
    of: ["RegistryCacheDown"],
    matching: /^registry-cache (?:restart|pull)$/m,
  },
  { file: nodes, place: "kubernetes", of: ["RegistryCacheProbeFailing"] },
  { file: nodes, place: "kubernetes", of: ["RegistryCacheAbuse"], sections: ["Do"] },
];

export function claimsOf(block: Block, place: Place): readonly Claim[] {
  return claims.filter(
    (claim) =>
      claim.place === place &&
      (claim.as === undefined || block.places.includes(claim.as)) &&
      (claim.notOn === undefined || !block.places.includes(claim.notOn)) &&
      (claim.of?.some((name) => name === block.runbook) ?? true) &&
      (claim.sections?.some((section) => section === block.section) ?? true) &&
      (claim.matching?.test(block.text) ?? true) &&
      !claim.except?.test(block.text),
  );
}

/** The blocks that one test file has run. */
export class RunbookRuns {
  readonly #file: string;
  readonly #done = new Set<string>();

  /** @param file `import.meta.filename` of the test */
  constructor(file: string) {
    this.#file = relative(projectDirectory, file);
  }

  /** Runs the blocks of a section in order, each in a shell of its own. @returns all their output */
  async run(
    name: AlertName,
    section: Section,
    place: Place,
    shell: Shell,
    { matching = /^/, except, ...options }: RunOptions & Choice = {},
  ): Promise<string> {
    const blocks = blocksOf(name, section, place).filter(
      ({ text }) => matching.test(text) && !except?.test(text),
    );
    assert.notEqual(blocks.length, 0, `${name} has no such block under ${section} for ${place}: ${matching}`);
    const outputs: string[] = [];
    for (const block of blocks) {
      outputs.push(await runBlock(block, shell, options));
      this.#done.add(key(block, place));
    }
    return outputs.join("\n");
  }

  /** @throws AssertionError unless the file has run every block that it claims */
  assertComplete(names: readonly AlertName[]): void {
    const mine = names
      .flatMap((name) => runbook(name).blocks)
      .flatMap((block) =>
        block.places.flatMap((place) =>
          claimsOf(block, place)
            .filter(({ file }) => file === this.#file)
            .map(({ as = place }) => ({ block, place: as })),
        ),
      );
    assert.notEqual(mine.length, 0, this.#file);
    const left = mine.filter(({ block, place }) => !this.#done.has(key(block, place)));
    assert.deepEqual(
      left.map(({ block, place }) => key(block, place)),
      [],
    );
  }
}

function key({ runbook, section, text }: Block, place: Place): string {
  return `${runbook}, ${section}, ${place}:\n${text}`;
}

/** Separates a script's output from its failures. No command prints it. */
const mark = "== what has failed ==";

async function runBlock(block: Block, shell: Shell, { values = {}, mayFail }: RunOptions): Promise<string> {
  const own = Object.entries(values).filter(([name]) => new RegExp(`^(?:\\S+ )*${name}=`).test(block.text));
  const script = [
    "set -uE",
    "failures=$(mktemp)",
    // A failed command doesn't end the script, as in an interactive shell. The trap records it.
    `trap 'printf "%s: %s\\n" "$?" "$BASH_COMMAND" >>"$failures"' ERR`,
    withVariables(block, Object.fromEntries(own)),
    "trap - ERR",
    `printf '\\n%s\\n' '${mark}'`,
    'cat "$failures"; rm "$failures"',
  ].join("\n");
  // The script isn't on standard input, because some commands would read it.
  const encoded = Buffer.from(script).toString("base64");
  const { exitCode, output } = await shell(`bash -c "$(echo ${encoded} | base64 -d)" </dev/null 2>&1`);
  const [printed = "", failures] = output.split(`\n${mark}`);
  const where = `${block.runbook}, ${block.section}:\n${block.text}\n${output}`;
  assert.ok(exitCode === 0 && failures !== undefined, where);
  for (const failure of failures.split("\n").filter((line) => /^\d+: /.test(line))) {
    const [, status = "", command = ""] = failure.match(/^(\d+): (.*)$/s) ?? [];
    // A fault can't excuse a missing program or a wrong argument.
    const wrong =
      status === "126" || status === "127" || (status === "2" && command.startsWith("registry-cache"));
    assert.ok(!wrong && mayFail?.test(command), `${failure}\n${where}`);
  }
  return printed;
}
