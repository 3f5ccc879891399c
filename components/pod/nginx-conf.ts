/**
 * A writer for nginx configuration files: the format has no serialisation library, so this one place does the quoting.
 * Grammar: https://nginx.org/en/docs/beginners_guide.html#conf_structure; escapes as ngx_conf_read_token() undoes them.
 */

export interface Directive {
  readonly name: string;
  readonly args: readonly string[];
  /** Present for a block directive, also when it is empty. */
  readonly block?: readonly Directive[];
}

type Arg = string | number;

/** A simple directive, `name arg arg;`. Arguments may hold nginx variables; see {@link literal} for values that must not. */
export function directive(name: string, ...args: Arg[]): Directive {
  return { name, args: args.map(String) };
}

/** A block directive, `name arg { … }`, its children last. */
export function block(name: string, ...rest: [...args: Arg[], children: readonly Directive[]]): Directive {
  return { ...directive(name, ...(rest.slice(0, -1) as Arg[])), block: rest.at(-1) as readonly Directive[] };
}

/**
 * A value from outside that nginx must take as it is.
 * @throws RangeError when it holds `$`, which nginx would read as a variable and has no escape for, or a control character.
 */
export function literal(value: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  if (/[$\x00-\x1f\x7f]/.test(value)) {
    throw new RangeError(`not representable in an nginx configuration: ${JSON.stringify(value)}`);
  }
  return value;
}

/** A literal inside a regular expression, every special character escaped. */
export function regexLiteral(value: string): string {
  return literal(value).replace(/[.*+?^{}()|[\]\\/-]/g, "\\$&");
}

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
