/** The inputs that a resource may have and must have, read from the declarations of its SDK. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import ts from "typescript";
import { isUnknown } from "./values.ts";

export interface InputProblem {
  readonly property: string;
  readonly reason: string;
}

const require = createRequire(import.meta.url);

/** The declarations in a provider's npm package. */
export class SdkTypes {
  readonly #package: string;
  readonly #interfaces = new Map<string, ReadonlyMap<string, ts.InterfaceDeclaration>>();
  readonly #values = new Map<string, readonly string[]>();
  readonly #open: readonly string[] | "all";
  #nested: string | undefined;

  /** @param open enumerations of which the cloud accepts more values than the SDK lists: `enums.compute.CachingTypes` */
  constructor(packageName: string, open: readonly string[] | "all" = "all") {
    this.#package = packageName;
    this.#open = open;
  }

  /** The SDK's version. The engine warns of a provider that is older than its SDK. */
  get version(): string {
    return JSON.parse(this.#read("package.json")).version;
  }

  /** @param type `aws:ec2/instance:Instance`, `azure-native:compute:VirtualMachine` */
  problems(type: string, inputs: unknown): InputProblem[] {
    return this.#membersProblems(this.#argumentsOf(type), inputs, "");
  }

  /** The names of a resource's inputs. */
  inputs(type: string): string[] {
    return this.#argumentsOf(type)
      .members.filter(ts.isPropertySignature)
      .map((member) => member.name.getText());
  }

  #argumentsOf(type: string): ts.InterfaceDeclaration {
    const [, module = "", name = ""] = type.split(":");
    const file = module.includes("/") ? module : `${module}/${name[0]?.toLowerCase()}${name.slice(1)}`;
    const declared = this.#declarations(file, () => this.#read(`${file}.d.ts`)).get(`${name}Args`);
    if (!declared) throw new Error(`${this.#package} has no ${name}Args`);
    return declared;
  }

  #membersProblems(declared: ts.InterfaceDeclaration, value: unknown, path: string): InputProblem[] {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      return [{ property: path, reason: "must be an object" }];
    }
    const members = declared.members.filter(ts.isPropertySignature);
    const known = new Map(members.map((member) => [member.name.getText(), member]));
    const given = new Map(Object.entries(value));
    const prefix = path && `${path}.`;
    return [
      ...[...given.keys()]
        .filter((key) => !known.has(key))
        .map((key) => ({ property: prefix + key, reason: "is not an input" })),
      ...[...known].flatMap(([key, { questionToken, type }]) => {
        const child = given.get(key);
        if (child !== undefined && child !== null) return this.#problemsOf(type, child, prefix + key);
        return questionToken ? [] : [{ property: prefix + key, reason: "is required" }];
      }),
    ];
  }

  #problemsOf(type: ts.TypeNode | undefined, value: unknown, path: string): InputProblem[] {
    if (!type || isUnknown(value)) return [];
    if (ts.isParenthesizedTypeNode(type)) return this.#problemsOf(type.type, value, path);
    if (ts.isUnionTypeNode(type)) {
      const [values] = typeof value === "string" ? type.types.flatMap(enumerationIn) : [];
      if (values) return this.#valueProblems(values, value, path);
      const problems = type.types.map((one) => this.#problemsOf(one, value, path));
      return problems.some((of) => of.length === 0) ? [] : (problems.find((of) => of.length > 0) ?? []);
    }
    if (ts.isArrayTypeNode(type)) {
      if (!Array.isArray(value)) return [{ property: path, reason: "must be a list" }];
      return value.flatMap((entry, index) => this.#problemsOf(type.elementType, entry, `${path}[${index}]`));
    }
    if (ts.isTypeLiteralNode(type)) return this.#dictionaryProblems(type, value, path);
    if (ts.isTypeReferenceNode(type)) return this.#referenceProblems(type, value, path);
    const wanted = primitives.get(type.kind);
    if (wanted === "any" || wanted === typeof value) return [];
    return [{ property: path, reason: `must be ${type.getText()}, not ${JSON.stringify(value)}` }];
  }

  #dictionaryProblems(type: ts.TypeLiteralNode, value: unknown, path: string): InputProblem[] {
    const [index] = type.members.filter(ts.isIndexSignatureDeclaration);
    if (!index || typeof value !== "object") return [{ property: path, reason: "must be a dictionary" }];
    return Object.entries(value ?? {}).flatMap(([key, entry]) =>
      this.#problemsOf(index.type, entry, `${path}["${key}"]`),
    );
  }

  #referenceProblems(type: ts.TypeReferenceNode, value: unknown, path: string): InputProblem[] {
    const name = type.typeName.getText();
    if (name === "pulumi.Input") return this.#problemsOf(type.typeArguments?.[0], value, path);
    const [root, namespace = "", nested = ""] = name.split(".");
    if (root === "inputs") {
      const declared = this.#declarations(namespace, () => this.#namespace(namespace)).get(nested);
      if (!declared) throw new Error(`${this.#package} has no ${name}`);
      return this.#membersProblems(declared, value, path);
    }
    if (root === "enums") return this.#valueProblems(type, value, path);
    // Another resource, of which the id or the name is allowed.
    return typeof value === "string" ? [] : [{ property: path, reason: `must be ${name}` }];
  }

  /** Compares case-insensitively, because Azure ignores the case of values. */
  #valueProblems(type: ts.TypeReferenceNode, value: unknown, path: string): InputProblem[] {
    const name = type.typeName.getText();
    if (this.#open === "all" || this.#open.includes(name)) return [];
    const values = this.#valuesOf(name);
    const isKnown = values.some((it) => it.toLowerCase() === String(value).toLowerCase());
    return isKnown ? [] : [{ property: path, reason: `must be one of ${values.join(", ")}, not ${value}` }];
  }

  /** @param name `enums.compute.CachingTypes` */
  #valuesOf(name: string): readonly string[] {
    const cached = this.#values.get(name);
    if (cached) return cached;
    const [, ...path] = name.split(".");
    const own = path.pop() ?? "";
    const text = this.#read(["types/enums", ...path, "index.d.ts"].join("/"));
    const [, body] = new RegExp(`export declare const ${own}: \\{([^}]*)\\}`).exec(text) ?? [];
    if (body === undefined) throw new Error(`${this.#package} has no ${name}`);
    const found = [...body.matchAll(/readonly \w+: "([^"]*)"/g)].map(([, value = ""]) => value);
    this.#values.set(name, found);
    return found;
  }

  #declarations(key: string, read: () => string): ReadonlyMap<string, ts.InterfaceDeclaration> {
    const cached = this.#interfaces.get(key);
    if (cached) return cached;
    const source = ts.createSourceFile(`${key}.d.ts`, read(), ts.ScriptTarget.Latest, true);
    const statements = source.statements.flatMap((it) =>
      ts.isModuleDeclaration(it) && it.body && ts.isModuleBlock(it.body) ? [...it.body.statements] : [it],
    );
    const found = new Map(statements.filter(ts.isInterfaceDeclaration).map((it) => [it.name.text, it]));
    this.#interfaces.set(key, found);
    return found;
  }

  /** The text of one namespace. Parsing the whole file, with all services, takes a second. */
  #namespace(name: string): string {
    this.#nested ??= this.#read("types/input.d.ts");
    const start = this.#nested.indexOf(`export declare namespace ${name} {`);
    const end = this.#nested.indexOf("export declare namespace ", start + 1);
    return this.#nested.slice(start, end < 0 ? undefined : end);
  }

  #read(file: string): string {
    return readFileSync(require.resolve(`${this.#package}/${file}`), "utf8");
  }
}

/** The enumeration in `string | enums.…`, if there is one. */
function enumerationIn(type: ts.TypeNode): ts.TypeReferenceNode[] {
  const isEnumeration = ts.isTypeReferenceNode(type) && type.typeName.getText().startsWith("enums.");
  return isEnumeration ? [type] : [];
}

const primitives = new Map<ts.SyntaxKind, string>([
  [ts.SyntaxKind.StringKeyword, "string"],
  [ts.SyntaxKind.NumberKeyword, "number"],
  [ts.SyntaxKind.BooleanKeyword, "boolean"],
  [ts.SyntaxKind.AnyKeyword, "any"],
]);
