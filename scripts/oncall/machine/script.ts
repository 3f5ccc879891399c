/** Renders one command of `registry-cache` as a script that a cloud runs on a machine, and parses the answer. */
import { gunzipSync, gzipSync } from "node:zlib";
import { quoted } from "../../../components/shell/word.ts";
import { StepError } from "../../command/steps.ts";

/** Path of the program on a machine: see pod.ts of the VM. */
const installed = "/usr/local/bin/registry-cache";

/** Time limit for the answer. Azure's own limit is 90 minutes. */
export const commandMinutes = 10;

/**
 * Renders a script for `sh`. It is encoded, because Azure's Run Command removes quotes (https://github.com/Azure/azure-cli/issues/8084). It contains the program, for a machine that never got it. The
 * output comes back compressed. If it is too long, only the end that fits comes back.
 */
export function machineScript(program: string, command: readonly string[], room: number): string {
  const packed = gzipSync(program, { level: 9 }).toString("base64");
  const inner = `program=${installed} output=$(mktemp) brought=
if [ ! -x "$program" ]; then
  program=$(mktemp) brought=$program
  echo ${packed} | base64 -d | gunzip >"$program"
fi
sh "$program" ${command.map(quoted).join(" ")} >"$output" 2>&1 </dev/null
code=$? bytes=$(wc -c <"$output") cut=0
[ "$bytes" -le 400000 ] || { bytes=400000; cut=1; }
until answer=$(tail -c "$bytes" "$output" | gzip -9 | base64 --wrap 0); [ "\${#answer}" -lt ${room} ]; do
  bytes=$((bytes * 3 / 4)) cut=1
done
rm -f "$output" $brought
echo "answer:$code:$cut:$answer"
`;
  return `echo ${Buffer.from(inner).toString("base64")} | base64 -d | sh\n`;
}

/** A command's result, shortened to what the cloud returns. */
export interface Result {
  readonly code: number;
  readonly output: string;
  /** Whether the beginning of the output is missing. */
  readonly isCut: boolean;
}

/** @param text the output of {@link machineScript}'s script, with what the cloud added */
export function readAnswer(text: string): Result {
  const [, code, cut, packed] = /answer:(\d+):([01]):([A-Za-z0-9+/=]*)/.exec(text) ?? [];
  if (packed === undefined) throw new StepError(`the machine's answer can't be read:\n${text.trim()}`);
  const output = gunzipSync(Buffer.from(packed, "base64")).toString();
  return { code: Number(code), output, isCut: cut === "1" };
}
