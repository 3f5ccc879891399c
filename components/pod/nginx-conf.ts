/**
 * A writer for nginx configuration files. No library serializes this format, so all quoting is here.
 * Grammar: https://nginx.org/en/docs/beginners_guide.html#conf_structure. The escapes are those that ngx_conf_read_token() reads.
 */

/** A directive with its arguments, not yet quoted. */
export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** Present for a block directive, even an empty one. */
  readonly block?: readonly Directive[];
}

type Arg = string | number;

/** A simple directive, `name arg arg;`. Arguments may contain nginx variables. Use {@link literal} for values that must not. */
export function directive(name: string, ...args: Arg[]): Directive {
  return { name, args: args.map(String) };
}

/** A block directive, `name arg { … }`. The children are the last argument. */
export function block(name: string, ...rest: [...args: Arg[], children: readonly Directive[]]): Directive {
  const args = rest.flatMap((it) => (typeof it === "object" ? [] : [it]));
  const children = rest.flatMap((it) => (typeof it === "object" ? it : []));
  return { ...directive(name, ...args), block: children };
}

/**
 * A value from outside that nginx must take literally.
 * @throws RangeError if it contains `$`, which starts a variable and can't be escaped, or a control character
 */
export function literal(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[$\x00-\x1f\x7f]/.test(value)) {
    throw new RangeError(`not representable in an nginx configuration: ${JSON.stringify(value)}`);
  }
  return value;
}

/** A literal for a regular expression, with all special characters escaped. */
export function regexLiteral(value: string): string {
  return literal(value).replace(/[.*+?^{}()|[\]\\/-]/g, "\\$&");
}

/** Renders directives as the text of a configuration file, with quoted arguments. */
export function renderNginxConf(directives: readonly Directive[], indent = ""): string {
  return directives
    .map(({ name, args, block: children }) => {
      const head = [name, ...args].map(quote).join(" ");
      return children === undefined
        ? `${indent}${head};\n`
        : `${indent}${head} {\n${renderNginxConf(children, `${indent}    `)}${indent}}\n`;
    })
    .join("");
}

function quote(token: string): string {
  return /^[^\s"'\\;{}#]+$/.test(token) ? token : `"${token.replace(/[\\"]/g, "\\$&")}"`;
}
