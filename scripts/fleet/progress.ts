/** Shorter work prints nothing. Longer work prints at most one line in this time. */
const quietSeconds = 2;

/** Prints on standard error what is being done if it takes long. */
export function slowProgress(): (text: string) => void {
  let last = performance.now();
  return (text) => {
    if (performance.now() - last < quietSeconds * 1000) return;
    last = performance.now();
    console.error(`  ${text} …`);
  };
}
