import { setTimeout as sleep } from "node:timers/promises";

interface Screen {
  readonly isTTY?: boolean;
  readonly rows?: number;
  write(text: string): unknown;
}

/**
 * Prints lines repeatedly. On a terminal, they replace the previous ones. Elsewhere, only changed lines are printed, each with the time in front.
 * @param look returns the lines
 * @param signal stops it
 */
export async function watch(
  look: () => Promise<readonly string[]>,
  { screen, everySeconds, signal }: { screen: Screen; everySeconds: number; signal: AbortSignal },
): Promise<void> {
  let shown: readonly string[] = [];
  while (!signal.aborted) {
    const lines = await look();
    const at = new Date().toISOString().slice(11, 19);
    if (screen.isTTY) {
      // Moves to the first line of the previous output and clears everything below: https://en.wikipedia.org/wiki/ANSI_escape_code#CSI_sequences
      const up = shown.length > 0 ? `\u001b[${shown.length}F\u001b[J` : "";
      const fitting = [...lines, `as of ${at}, every ${everySeconds} s; Ctrl-C ends`].slice(
        -((screen.rows ?? 1000) - 1),
      );
      screen.write(`${up}${fitting.join("\n")}\n`);
      shown = fitting;
    } else {
      for (const line of lines) if (!shown.includes(line)) screen.write(`${at} ${line}\n`);
      shown = lines;
    }
    await sleep(everySeconds * 1000, undefined, { signal }).catch(() => undefined);
  }
}
