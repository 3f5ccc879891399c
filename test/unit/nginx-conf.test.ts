import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  block,
  type Directive,
  directive,
  literal,
  regexLiteral,
  renderNginxConf,
} from "../../components/pod/nginx-conf.ts";

/** Texts with all characters that have a meaning for nginx, and others. */
const text = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."\"'\\;{}#$ \t\n\rn)(=~^.aA0é") }),
  fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0")),
);

const { directives } = fc.letrec<{ directives: Directive[]; directive: Directive }>((tie) => ({
  directives: fc.array(tie("directive"), { maxLength: 3, depthIdentifier: "block" }),
  directive: fc.oneof(
    { depthIdentifier: "block", maxDepth: 3 },
    fc.tuple(text, fc.array(text)).map(([name, args]) => directive(name, ...args)),
    fc
      .tuple(text, fc.array(text), tie("directives"))
      .map(([name, args, children]) => block(name, ...args, children)),
  ),
}));

test("writes what nginx reads back, whatever the text", () => {
  fc.assert(
    fc.property(directives, (meant) => {
      assert.deepEqual(parse(renderNginxConf(meant)), meant);
    }),
  );
});

test("removes variables and control characters from a literal, and nothing else", () => {
  fc.assert(
    fc.property(text, (value) => {
      if ([...value].some((char) => char === "$" || char < " " || char === "\x7f"))
        assert.throws(() => literal(value), RangeError);
      else assert.equal(literal(value), value);
    }),
  );
});

test("makes a literal in a regular expression that matches only itself", () => {
  const printable = fc.string({ unit: fc.constantFrom(..."aA0.*+?^{}()|[]\\/-:_é ") });
  fc.assert(
    fc.property(printable, printable, (value, other) => {
      const pattern = new RegExp(`^(?:${regexLiteral(value)})$`);
      assert.ok(pattern.test(value));
      assert.equal(pattern.test(other), value === other);
    }),
  );
});

/**
 * Reads a configuration as ngx_conf_parse() and ngx_conf_read_token() do:
 * https://github.com/nginx/nginx/blob/release-1.29.0/src/core/ngx_conf_file.c#L501
 */
function parse(source: string): Directive[] {
  let at = 0;

  function token(): string {
    const quote = source[at] === '"' || source[at] === "'" ? source[at] : undefined;
    if (quote) at += 1;
    let word = "";
    for (let variable = false; ; at += 1) {
      const char = source[at];
      if (char === undefined) throw new Error("unexpected end of file");
      if (char === "{" && variable && !quote) {
        word += char;
        variable = false;
      } else if (char === "\\") {
        at += 1;
        word += unescaped(source[at] ?? "");
      } else if (quote ? char === quote : /[ \t\r\n;{]/.test(char)) {
        break;
      } else {
        variable = char === "$";
        word += char;
      }
    }
    if (quote) {
      at += 1;
      if (!/[ \t\r\n;{)]/.test(source[at] ?? "")) throw new Error(`unexpected "${source[at]}" after a quote`);
    }
    return word;
  }

  function directives(nested: boolean): Directive[] {
    const found: Directive[] = [];
    for (let words: string[] = []; ; ) {
      const char = source[at];
      if (char === undefined || char === "}") {
        if (words.length > 0 || nested !== (char === "}"))
          throw new Error(`unexpected ${char ?? "end of file"}`);
        at += 1;
        return found;
      }
      if (/[ \t\r\n]/.test(char)) at += 1;
      else if (char === "#") at = source.indexOf("\n", at);
      else if (char === ";" || char === "{") {
        at += 1;
        const [name, ...args] = words;
        if (name === undefined) throw new Error(`unexpected ${char}`);
        found.push({ name, args, ...(char === "{" && { block: directives(true) }) });
        words = [];
      } else words.push(token());
    }
  }

  return directives(false);
}

/** nginx's meaning of a backslash and the character after it. */
function unescaped(char: string): string {
  const known: Record<string, string> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };
  return known[char] ?? `\\${char}`;
}
