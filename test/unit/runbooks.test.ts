/** Every alert has its runbook, and what the runbooks name exists. test/e2e/alerts.test.ts runs their commands. */
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { describe, test } from "node:test";
import { execa } from "execa";
import { alertNames } from "../../components/monitoring/rules/rule.ts";
import type { FakePrograms } from "../support/fake-programs.ts";
import { assertSound, containers, onCallPrograms } from "../support/on-call-programs.ts";
import { projectDirectory } from "../support/project.ts";
import { commandsOf, preludeOf, remediesOf, runbooksDirectory } from "../support/runbooks.ts";

const read = (...path: string[]) => readFileSync(join(projectDirectory, ...path), "utf8");
const runbooks = alertNames.map((name) => ({ name, text: read("docs", "runbooks", `${name}.md`) }));
const all = globSync(join(runbooksDirectory, "*.md")).map((file) => ({
  name: basename(file, ".md"),
  text: readFileSync(file, "utf8"),
}));
const text = all.map((runbook) => runbook.text).join("\n");

/** All that a pattern's first group matches, once. */
function named(pattern: RegExp): string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name = ""]) => name))];
}

/** What is rendered for all machines of the golden tests, of the files with this name. */
function golden(name: string): string {
  const files = globSync(`test/golden/**/${name}`, { cwd: projectDirectory });
  return files.map((file) => read(file)).join("\n");
}

test("there is a runbook for each alert, and no other", () => {
  assert.deepEqual(all.map(({ name }) => name).sort(), [...alertNames, "README"].sort());
});

describe("a runbook", () => {
  for (const { name, text } of runbooks) {
    test(`${name} says what it means, how to see it, what to do`, () => {
      const [title, ...headings] = text.match(/^#+ .*$/gm) ?? [];
      assert.equal(title, `# ${name}`);
      assert.deepEqual(headings, ["## Meaning", "## See it", "## Do"]);
      for (const section of text.split(/^## .*$/m).slice(1)) assert.ok(section.trim().length > 80, section);
      assert.notEqual(commandsOf(name).length, 0);
    });
  }
});

/** What someone on call pastes: the prelude, and then the blocks of all runbooks. @returns the calls of programs, and what was printed */
async function paste(text: string, programs: FakePrograms): Promise<{ calls: string[][]; printed: string }> {
  // An interactive shell also takes `!` for a command of its history.
  const { failed, all: printed } = await execa("bash", ["-eu", "-o", "history", "-o", "histexpand"], {
    input: text,
    env: { ...programs.env, HOME: programs.directory },
    cwd: programs.directory,
    all: true,
    reject: false,
  });
  assert.ok(!failed, printed);
  const calls = await programs.calls();
  for (const call of calls) assertSound(call);
  return { calls, printed };
}

const lookups = runbooks.map(({ name }) => commandsOf(name).join(""));

describe("the preludes and the commands can be pasted as they are", () => {
  for (const place of ["aws vm", "local", "kubernetes"] as const) {
    test(place, async () => {
      await using programs = await onCallPrograms();
      const { calls } = await paste([preludeOf(place), ...lookups].join("\n"), programs);
      assert.ok(calls.some((call) => call[0] !== "openssl" && /\borigin-gsoci\b/.test(call.join(" "))));
      const asked = calls.filter((call) => call.includes("promtool")).map((call) => call.join(" "));
      assert.ok(asked.length > 30);
      const pod = place === "local" ? "registry-cache-local" : "registry-cache";
      const way =
        place === "kubernetes"
          ? "kubectl --context registry-cache-us-east-1 --namespace registry-cache exec registry-cache-0 --container prometheus --"
          : `podman exec ${pod}-prometheus`;
      for (const command of asked) {
        assert.ok(command.startsWith(`${way} promtool query instant http://127.0.0.1:15004 `), command);
      }
    });
  }

  test("azure vm", async () => {
    await using programs = await onCallPrograms();
    const sent = lookups.map((commands) => `machine <<'EOF'\n${commands}EOF\n`);
    const { calls } = await paste([preludeOf("azure vm"), ...sent].join("\n"), programs);
    // They come out of the other end with their quotes.
    const query =
      'sum by (upstream, handler, code) (increase(registry_http_requests_total{code=~"5.."}[10m]))';
    assert.ok(calls.some((call) => call[0] === "podman" && call.includes(query)));
  });

  test("azure vm: a long answer is cut at its beginning, and not torn", async () => {
    await using programs = await onCallPrograms({ podman: "seq -f 'line %.0f' 40000; echo the last line" });
    const commands = `${preludeOf("azure vm")}machine <<'EOF'\nlogs edge\nEOF\n`;
    const { printed } = await paste(commands, programs);
    assert.match(printed, /\nline 39999\nline 40000\nthe last line$/);
    assert.ok(printed.length > 2 * 4096, `${printed.length}`);
  });

  test("a machine that can't run commands says so", async () => {
    await using programs = await onCallPrograms({
      az: "echo 'Conflict: Run command extension execution is in progress'",
    });
    const { printed } = await paste(`set +e\n${preludeOf("azure vm")}machine <<<parts || true`, programs);
    assert.match(printed, /Conflict: Run command extension execution is in progress/);
  });
});

test("the DNS record can be removed in every place", async () => {
  await using programs = await onCallPrograms();
  const remedies = remediesOf("RegistryCacheDown").join("");
  const { calls, printed } = await paste(`${preludeOf("kubernetes")}${remedies}`, programs);
  const hostname = "cache.eu-central-1.example.com.";
  assert.match(printed, new RegExp(`"Deleted":\\["A ${hostname}","AAAA ${hostname}"\\]`));
  const done = calls.map((call) => call.join(" ")).slice(-2);
  assert.deepEqual(done, [
    "az network dns record-set a delete --resource-group dns --zone-name example.com --name cache.westeurope --yes",
    "kubectl --context registry-cache-us-east-1 --namespace registry-cache annotate service registry-cache --overwrite external-dns.alpha.kubernetes.io/controller=none",
  ]);
});

test("whoever finds a dead machine is sent to the DNS record", () => {
  for (const { name, text } of runbooks) {
    if (!/TargetMissing|Watchdog/.test(name)) continue;
    assert.match(
      text,
      /drop packets: go to step 1 of \[RegistryCacheDown\]\(RegistryCacheDown\.md#do\)/,
      name,
    );
  }
});

test("links lead somewhere", () => {
  for (const [, target = ""] of text.matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
    assert.ok(existsSync(join(runbooksDirectory, target)), target);
  }
});

test("containers exist", () => {
  const parts = [...named(/`(?:logs|restart) ([a-z]+)/g), ...containers];
  assert.ok(parts.length > containers.length);
  for (const part of parts) {
    assert.match(golden("pod.yaml"), new RegExp(`^ +- name: ${part}(-gsoci)?$`, "m"));
  }
});

test("jobs are scraped", () => {
  const jobs = named(/`(registry-cache-(?:edge|origin|upstream|endpoint|janitor|acme|node|prometheus))`/g);
  assert.ok(jobs.length > 5);
  for (const job of jobs) assert.match(golden("prometheus.yml"), new RegExp(`job_name: ${job}$`, "m"));
});

test("units of the machine exist", () => {
  const units = globSync("test/golden/**/*.{service,timer,kube}", { cwd: projectDirectory }).map((file) =>
    basename(file).replace(/\.\w+$/, ""),
  );
  // Of the package that the user data names.
  units.push("prometheus-node-exporter");
  const commands = [...text.matchAll(/(?:systemctl \w+|journalctl -u) ((?:[a-z][a-z-]+ ?)+)/g)];
  assert.ok(commands.length > 5);
  for (const [command, names = ""] of commands) {
    for (const name of names.trim().split(" ")) {
      if (name.includes("-")) assert.ok(units.includes(name), command);
    }
  }
});

test("metrics are documented", () => {
  const documented = read("docs", "metrics.md");
  const metrics = named(
    /((?:\w+:)?(?:registry|probe|node|prometheus|process)_(?!exporter)[a-z_]+(?::\w+)?)/g,
  );
  assert.ok(metrics.length > 20);
  for (const metric of metrics) {
    const name = metric.replace(/_(?:bucket|sum|count)$/, "");
    assert.ok(documented.includes(`\`${name}`), metric);
  }
});

test("keys of the configuration exist", () => {
  const documented = read("docs", "configuration.md");
  const keys = named(/`((?:monitoring|storage|workload|access|endpoint|machine|tls)\.[a-zA-Z.]+)`/g);
  assert.ok(keys.length > 5);
  for (const key of keys) assert.match(documented, new RegExp(`\`(\\w+(\\[\\])?\\.)*${key}\``), key);
});
