/** What the runbooks say to paste can be pasted as it stands, into the programs' doubles. test/e2e/alerts.test.ts runs what looks at a real Pod. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { execa } from "execa";
import { alertNames } from "../../components/config/alerts.ts";
import type { FakePrograms } from "../support/fake-programs.ts";
import { assertSound, onCallPrograms } from "../support/on-call-programs.ts";
import {
  commandsIn,
  commandsOf,
  inlineCommandsOf,
  type Place,
  preludeOf,
  remediesOf,
} from "../support/runbooks.ts";

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

const lookups = alertNames.map((name) => commandsOf(name).join(""));

describe("the preludes and the commands can be pasted as they are", () => {
  for (const place of ["aws vm", "local", "kubernetes"] as const) {
    test(place, async () => {
      await using programs = await onCallPrograms();
      const { calls } = await paste([preludeOf(place), ...lookups].join("\n"), programs);
      assert.ok(calls.some((call) => call[0] !== "openssl" && /\borigin-gsoci\b/.test(call.join(" "))));
      const starts = {
        "aws vm":
          "systemctl status --no-pager registry-cache registry-cache@* registry-cache-follow registry-cache-disk",
        local: "podman pod ps --filter label=app.kubernetes.io/instance=local",
        kubernetes:
          "kubectl --context registry-cache-us-east-1 --namespace registry-cache describe pods --selector app.kubernetes.io/name=registry-cache",
      };
      assert.ok(calls.some((call) => call.join(" ") === starts[place]));
      const asked = calls.filter((call) => call.includes("promtool")).map((call) => call.join(" "));
      assert.ok(asked.length > 30);
      const one = place === "local" ? "instance=local" : "name=registry-cache";
      const listed = calls.filter((call) => call[1] === "ps").map((call) => call.join(" "));
      assert.ok(
        listed.every((call) => call.includes(` --filter label=app.kubernetes.io/${one}`)),
        listed.join("\n"),
      );
      const way =
        place === "kubernetes"
          ? "kubectl --context registry-cache-us-east-1 --namespace registry-cache exec registry-cache-0 --container prometheus --"
          : "podman exec id-of-prometheus";
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
    await using programs = await onCallPrograms({
      podman: `case "$1" in ps) echo id-of-edge ;; *) seq -f 'line %.0f' 40000; echo the last line ;; esac`,
    });
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

test("what stands in tables can be pasted, too", async () => {
  const commands = alertNames.flatMap((name) => inlineCommandsOf(name));
  // In a table, a pipe has a backslash before it, which is pasted, too.
  assert.deepEqual(
    commands.filter((command) => command.includes("\\|")),
    [],
  );
  const start = (...programs: string[]) =>
    commands.filter((command) => programs.includes(command.split(" ")[0] ?? ""));
  const [aws, az, k, pulumi] = [start("aws"), start("az"), start("k"), start("pulumi")];
  const elsewhere = new Set([...aws, ...az, ...k, ...pulumi]);
  const onMachine = commands.filter((command) => !elsewhere.has(command));
  assert.ok([aws, az, k, onMachine].every(({ length }) => length > 0));
  const pasted: [Place, readonly string[]][] = [
    ["aws vm", [...aws, ...pulumi]],
    ["azure vm", [...az, "machine <<'EOF'", "set -e", ...onMachine, "EOF"]],
    ["kubernetes", [...k, ...onMachine.filter((command) => /^(q|logs|probe|restart) /.test(command))]],
  ];
  for (const [place, lines] of pasted) {
    await using programs = await onCallPrograms();
    await paste(`${preludeOf(place)}${lines.join("\n")}\n`, programs);
  }
});

test("the commands that change something can be pasted alone, each into a shell of its own", async () => {
  for (const name of alertNames) {
    for (const block of remediesOf(name)) {
      await using programs = await onCallPrograms();
      await paste(`${/^k |"\$CONTEXT"/m.test(block) ? preludeOf("kubernetes") : ""}${block}`, programs);
    }
  }
});

describe("RegistryCacheDown", () => {
  async function lastCalls(start: RegExp, place?: Place): Promise<{ done: string[]; printed: string }> {
    const block = remediesOf("RegistryCacheDown").find((it) => start.test(it));
    assert.ok(block);
    await using programs = await onCallPrograms();
    const { calls, printed } = await paste(`${place ? preludeOf(place) : ""}${block}`, programs);
    return { done: calls.map((call) => call.join(" ")), printed };
  }
  const annotate =
    "kubectl --context registry-cache-us-east-1 --namespace registry-cache annotate service registry-cache";

  test("removes the DNS record in every place", async () => {
    const hostname = "cache.eu-central-1.example.com.";
    const { printed } = await lastCalls(/aws route53/);
    assert.match(printed, new RegExp(`"Deleted":\\["A ${hostname}","AAAA ${hostname}"\\]`));
    const azure = await lastCalls(/az network dns/);
    assert.deepEqual(azure.done, [
      "az network dns record-set a delete --resource-group dns --zone-name example.com --name cache.westeurope --yes",
    ]);
    const { done } = await lastCalls(/controller=none/, "kubernetes");
    assert.equal(done.at(-1), `${annotate} --overwrite external-dns.alpha.kubernetes.io/controller=none`);
  });

  test("puts it back, whatever the port", async () => {
    const { done } = await lastCalls(/--connect-to/);
    const endpoint = "https://cache.eu-central-1.example.com";
    assert.deepEqual(done, [`curl --fail --connect-to ::203.0.113.9: ${endpoint}/v2/`]);
    const back = await lastCalls(/controller-$/m, "kubernetes");
    assert.equal(back.done.at(-1), `${annotate} external-dns.alpha.kubernetes.io/controller-`);
  });
});

test("a stack without a machine in AWS isn't taken for a dead machine", async () => {
  await using programs = await onCallPrograms();
  const prelude = preludeOf("aws vm").replace("STACK=aws-eu-central-1", "STACK=aws-eu-central-1-cluster");
  const [getIn = ""] = prelude.split("aws ec2 get-console-output");
  const { calls, printed } = await paste(getIn, programs);
  assert.match(printed, /no machine of the stack aws-eu-central-1-cluster in eu-central-1/);
  assert.equal(calls.length, 1);
});

test("a Pod that was never made is told by what came before it", async () => {
  await using programs = await onCallPrograms({
    podman: `case "$1" in ps) ;; *) echo "Error: no such container" >&2; exit 125 ;; esac`,
    systemctl: "echo 'registry-cache.service: Failed with result exit-code.'; exit 3",
    journalctl: "echo 'Error: unable to pull the image'",
  });
  const look = `machine <<'EOF'\n${commandsOf("RegistryCacheDown").join("")}EOF\n`;
  const { printed } = await paste(`set +e\n${preludeOf("azure vm")}${look}`, programs);
  assert.match(printed, /Failed with result exit-code\.\nError: unable to pull the image\n/);
});

test("a replica that was evicted isn't asked, and every other one is for its alerts", async () => {
  await using programs = await onCallPrograms();
  const { calls, printed } = await paste(
    `${preludeOf("kubernetes")}firing\necho "$P"\nreplica 1\necho "$P"`,
    programs,
  );
  assert.match(printed, /^registry-cache-0:\nregistry-cache-1:\nregistry-cache-0\nregistry-cache-1$/m);
  const asked = calls.map((call) => call.join(" ")).filter((call) => call.includes("promtool"));
  assert.equal(asked.length, 2);
});

test("in a cluster, the space of the origins counts, too", async () => {
  await using programs = await onCallPrograms();
  const { calls } = await paste(`${preludeOf("kubernetes")}space\n`, programs);
  const shown = calls.map((call) => call.slice(5).join(" "));
  assert.ok(shown.includes("exec registry-cache-0 --container origin-gsoci -- du -sh /var/lib/registry"));
});

test("the client with the most bytes comes first", async () => {
  await using programs = await onCallPrograms();
  const { printed } = await paste(`${preludeOf("local")}${commandsOf("RegistryCacheAbuse")[0]}`, programs);
  assert.match(printed, /^40000000000 1 203\.0\.113\.8\n17 1 203\.0\.113\.7$/m);
});

test("a consumer of a private link makes an endpoint, and the name leads to it", async () => {
  await using programs = await onCallPrograms();
  const { calls, printed } = await paste(commandsIn("private-networks.md").join("\n"), programs);
  assert.deepEqual(
    calls.map((call) => call.join(" ").split(" --")[0]),
    [
      "aws ec2 describe-vpc-endpoint-services",
      "aws ec2 create-vpc-endpoint",
      "az network private-endpoint create",
      "az network private-endpoint show",
      "az network nic show",
      "az network private-dns zone create",
      "az network private-dns link vnet create",
      "az network private-dns record-set a add-record",
    ],
  );
  assert.match(
    calls.at(-1)?.join(" ") ?? "",
    /--zone-name cache\.westeurope\.corp\.example\.com .*--ipv4-address 10\.1\.0\.4$/,
  );
  assert.match(printed, /\["eu-central-1b"\].*\["Z1","vpce-1/s);
});
