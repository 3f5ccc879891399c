/**
 * Words and phrases that make readers stop, each with what to write instead. The styles that they follow: https://developers.google.com/style and
 * https://learn.microsoft.com/style-guide. What a page quotes, shows as code or links to isn't looked at.
 */
interface Phrase {
  readonly pattern: RegExp;
  readonly instead: string;
}

const phrases: readonly Phrase[] = [
  // Idioms and negations of them.
  { pattern: /\bbe had\b/, instead: '"available"' },
  { pattern: /\bso long\b/i, instead: '"until then", "as long as", or a number' },
  { pattern: /\bthe (?:least|most) of (?:what|all|them)\b/i, instead: '"the smallest …", "the largest …"' },
  { pattern: /\bfor ever\b|\bas ever\b/i, instead: '"forever", "as before"' },
  { pattern: /\banew\b/i, instead: '"again", "new"' },
  { pattern: /\bbesides\b/i, instead: '"also", "in addition to"' },
  { pattern: /\bthr[eo]wn? (?:\w+ )?away\b|\bthrows (?:\w+ )?away\b/i, instead: '"deleted", "discarded"' },
  { pattern: /\bmends?\b|\bmended\b/i, instead: '"fix", "correct"' },
  { pattern: /\b(?:its|their) like\b/i, instead: "name it" },
  { pattern: /\b(?:goes|go|went|going|gone) on\b/i, instead: '"continue", "keep"' },
  { pattern: /\bas nobody\b/i, instead: '"as an unprivileged user"' },
  { pattern: /\bsays? so\b/i, instead: '"reports it", or say what it says' },
  { pattern: /\bin the place of\b/i, instead: '"instead of"' },
  { pattern: /\bpass(?:es)? [\w ]+ over\b/i, instead: '"skip"' },
  { pattern: /\btakes? (?:\w+ )?away\b/i, instead: '"remove", "delete"' },
  // Who does something, and whether it exists.
  {
    pattern: /(?:^|[.:;|] +)Who (?!may\b)[\w ]+\b(?:needs|gets|must|has|is|can)\b(?!.*\?)/,
    instead: '"the identity that …", "anyone who …"',
  },
  {
    pattern: /\b(?:isn't|aren't|that (?:is|are)) there\b(?! (?:a|an|no|any)\b)/i,
    instead: '"exists", "existing", "missing"',
  },
  // Terms.
  { pattern: /\b(?:white|black)list/i, instead: '"allow-list", "deny-list"' },
  { pattern: /\bsanity\b|\bdummy\b|\bmaster\b(?! key)|\bslaves?\b/i, instead: "a precise term" },
  { pattern: /\b(?:roll over|rollover)\b/i, instead: '"roll out"' },
  { pattern: /\bfall-?back to\b/i, instead: 'the verb: "fall back to"' },
  { pattern: /\bpurge(?:s|d)? from the cache\b|\bthrow out\b|\bkick(?:s|ed)? out\b/i, instead: '"evict"' },
  { pattern: /\bat the (?:most|least)\b/i, instead: '"at most", "at least", or "maximum", "minimum"' },
  // Empty words.
  { pattern: /\b(?:simply|obviously|of course|basically|needless to say)\b/i, instead: "leave it out" },
  { pattern: /\bin order to\b/i, instead: '"to"' },
  { pattern: /\b(?:utili[sz]e[sd]?|leverag(?:e[sd]?|ing))\b/i, instead: '"use"' },
  { pattern: /\b(?:e\.g\.|i\.e\.|etc\.)/i, instead: '"for example", "that is", or the whole list' },
  { pattern: /\bclick here\b|\bplease\b/i, instead: "say what to do" },
];

/** Whether a Markdown file is checked: not the changelog, which stays as it was written. */
export function isCurrent(file: string): boolean {
  return file !== "CHANGELOG.md";
}

/** @returns a line for each phrase in the text: `"be had": write "available"` */
function phrasesIn(prose: string): string[] {
  return phrases.flatMap(({ pattern, instead }) => {
    const [found] = prose.match(pattern) ?? [];
    return found === undefined ? [] : [`"${found.replace(/^[.:;|\s]+/, "")}": write ${instead}`];
  });
}

/** The lines of a Markdown text without blocks and spans of code, addresses, quotations and comments. */
function proseLines(markdown: string): string[] {
  const blank = (text: string) => text.replaceAll(/[^\n]/g, "");
  return markdown
    .replaceAll(/^( *)(```+|~~~+).*?^\1\2 *$/gms, blank)
    .replaceAll(/<!--.*?-->/gs, blank)
    .replaceAll(/^>.*$/gm, "")
    .split("\n")
    .map((line) =>
      line
        .replaceAll(/`[^`]*`/g, "`")
        .replaceAll(/\]\([^)]*\)/g, "]")
        .replaceAll(/https?:\S+/g, ""),
    );
}

/** @returns a line for each phrase: `docs/clients.md:12: "be had": write "available"` */
export function englishProblems(file: string, markdown: string): string[] {
  return proseLines(markdown).flatMap((line, index) =>
    phrasesIn(line).map((problem) => `${file}:${index + 1}: ${problem}`),
  );
}
