/**
 * Words and phrases that make readers stop, each with what to write instead. They are based on these style guides: https://developers.google.com/style and
 * https://learn.microsoft.com/style-guide. Quotations, code and links in a page aren't checked.
 */
const phrases: readonly (readonly [pattern: RegExp, instead: string])[] = [
  // Idioms, and negated idioms.
  [/\bbe had\b/, '"available"'],
  [/\bso long\b/i, '"until then", "as long as", or a number'],
  [/\bthe (?:least|most) of (?:what|all|them)\b/i, '"the smallest …", "the largest …"'],
  [/\bfor ever\b|\bas ever\b/i, '"forever", "as before"'],
  [/\banew\b/i, '"again", "new"'],
  [/\bbesides\b/i, '"also", "in addition to"'],
  [/\bthr[eo]wn? (?:\w+ )?away\b|\bthrows (?:\w+ )?away\b/i, '"deleted", "discarded"'],
  [/\bmends?\b|\bmended\b/i, '"fix", "correct"'],
  [/\b(?:its|their) like\b/i, "name it"],
  [/\b(?:goes|go|went|going|gone) on\b/i, '"continue", "keep"'],
  [/\bas nobody\b/i, '"as an unprivileged user"'],
  [/\bsays? so\b/i, '"reports it", or say what it says'],
  [/\bin the place of\b/i, '"instead of"'],
  [/\bpass(?:es)? [\w ]+ over\b/i, '"skip"'],
  [/\btakes? (?:\w+ )?away\b/i, '"remove", "delete"'],
  // Unclear subjects, and phrases for existence.
  [
    /(?:^|[.:;|] +)Who (?!may\b)[\w ]+\b(?:needs|gets|must|has|is|can)\b(?!.*\?)/,
    '"the identity that …", "anyone who …"',
  ],
  [/\b(?:isn't|aren't|that (?:is|are)) there\b(?! (?:a|an|no|any)\b)/i, '"exists", "existing", "missing"'],
  // Imprecise or exclusionary terms.
  [/\b(?:white|black)list/i, '"allow-list", "deny-list"'],
  [/\bsanity\b|\bdummy\b|\bmaster\b(?! key)|\bslaves?\b/i, "a precise term"],
  [/\b(?:roll over|rollover)\b/i, '"roll out"'],
  [/\bfall-?back to\b/i, 'the verb: "fall back to"'],
  [/\bpurge(?:s|d)? from the cache\b|\bthrow out\b|\bkick(?:s|ed)? out\b/i, '"evict"'],
  [/\bat the (?:most|least)\b/i, '"at most", "at least", or "maximum", "minimum"'],
  // Words without content.
  [/\b(?:simply|obviously|of course|basically|needless to say)\b/i, "leave it out"],
  [/\bin order to\b/i, '"to"'],
  [/\b(?:utili[sz]e[sd]?|leverag(?:e[sd]?|ing))\b/i, '"use"'],
  [/\b(?:e\.g\.|i\.e\.|etc\.)/i, '"for example", "that is", or the whole list'],
  [/\bclick here\b|\bplease\b/i, "say what to do"],
];

/** Whether a Markdown file is checked. The changelog isn't, because its entries stay as written. */
export function isCurrent(file: string): boolean {
  return file !== "CHANGELOG.md";
}

/** @returns one line per phrase in the text: `"be had": write "available"` */
function phrasesIn(prose: string): string[] {
  return phrases.flatMap(([pattern, instead]) => {
    const [found] = prose.match(pattern) ?? [];
    return found === undefined ? [] : [`"${found.replace(/^[.:;|\s]+/, "")}": write ${instead}`];
  });
}

/** The lines of a Markdown text without code, URLs, quotations and comments. */
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

/** @returns one line per phrase: `docs/clients.md:12: "be had": write "available"` */
export function englishProblems(file: string, markdown: string): string[] {
  return proseLines(markdown).flatMap((line, index) =>
    phrasesIn(line).map((problem) => `${file}:${index + 1}: ${problem}`),
  );
}
