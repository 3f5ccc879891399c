/** A word of a POSIX shell, in quotes. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
