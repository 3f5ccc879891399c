/** A count with its noun: `1 stack`, `2 stacks`. */
export function counted(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`;
}

/** Names in a sentence: `a, b and 7 others`. @param most maximum number of names. One more is named, too, in place of a count. */
export function listed(names: readonly string[], most: number): string {
  const rest = names.length - most;
  return rest > 1 ? `${names.slice(0, most).join(", ")} and ${rest} others` : names.join(", ");
}
