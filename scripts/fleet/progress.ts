/** Work that ends sooner is done in silence, and of longer work one line is shown in this time. */
const quietSeconds = 2;

/** Shows on standard error what is being done, where it takes long. */
export function slowProgress(): (text: string) => void {
  let last = performance.now();
  return (text) => {
    if (performance.now() - last < quietSeconds * 1000) return;
    last = performance.now();
    console.error(`  ${text} …`);
  };
}
