// Run in the folder of a part (or with `--folder=` of another one, whose packages need not be there then). Writes src/generated.ts: each operation as text, with the types of its variables and of its answer, checked
// against schema.graphql. With `--manifest=` it writes that file instead: all operations by the SHA-256 of their text, for a service that executes
// only what it knows.
// Small on purpose: all that operations of ours use, and an error for the rest.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const g = createRequire(`${process.cwd()}/package.json`)("graphql");
const [part = ".", manifest] = ["--folder=", "--manifest="].map((flag) => process.argv.find((one) => one.startsWith(flag))?.slice(flag.length));
const schema = g.buildSchema(readFileSync(fileURLToPath(new URL("../schema.graphql", import.meta.url)), "utf8"));
const folder = `${part}/src/operations/`;
const files = readdirSync(folder).filter((name) => name.endsWith(".graphql")).sort();
const document = g.parse(files.map((name) => readFileSync(folder + name, "utf8")).join("\n"));
const problems = g.validate(schema, document);
if (problems.length) {
  console.error(problems.map((one) => g.printError(one)).join("\n\n"));
  process.exit(1);
}

const SCALARS = { String: "string", ID: "string", Int: "number", Float: "number", Boolean: "boolean", DateTime: "string", JSON: "unknown" };
const fragments = new Map(document.definitions.filter((d) => d.kind === "FragmentDefinition").map((d) => [d.name.value, d]));

function leaf(type) {
  if (g.isEnumType(type)) return type.getValues().map((value) => JSON.stringify(value.name)).join(" | ");
  const known = SCALARS[type.name];
  if (!known) throw new Error(`the scalar ${type.name} has no type here`);
  return known;
}

// A type with its lists and nulls; `inner` writes the named type at the bottom.
function wrapped(type, inner) {
  if (g.isNonNullType(type)) return bare(type.ofType, inner);
  return `${bare(type, inner)} | null`;
}
function bare(type, inner) {
  return g.isListType(type) ? `ReadonlyArray<${wrapped(type.ofType, inner)}>` : inner(type);
}

function input(type) {
  if (!g.isInputObjectType(type)) return leaf(type);
  return `{ ${Object.values(type.getFields()).map((field) => `readonly ${field.name}?: ${wrapped(field.type, input)}`).join("; ")} }`;
}

function collect(parent, selections, into = new Map(), optional = false) {
  for (const one of selections) {
    const maybe = optional || (one.directives ?? []).length > 0;
    if (one.kind === "FragmentSpread") {
      collect(parent, fragments.get(one.name.value).selectionSet.selections, into, maybe);
    } else if (one.kind === "Field") {
      const name = (one.alias ?? one.name).value;
      const field = parent.getFields()[one.name.value];
      const before = into.get(name) ?? { type: field.type, selections: [], optional: maybe };
      before.selections.push(...(one.selectionSet?.selections ?? []));
      into.set(name, before);
    } else throw new Error(`${one.kind} is not supported`);
  }
  return into;
}

function output(type, selections) {
  if (g.isLeafType(type)) return leaf(type);
  const fields = [...collect(type, selections)].map(([name, field]) => {
    const mark = field.optional ? "?" : "";
    return `readonly ${name}${mark}: ${wrapped(field.type, (named) => output(named, field.selections))}`;
  });
  return `{ ${fields.join("; ")} }`;
}

function used(selections, into = new Set()) {
  for (const one of selections) {
    if (one.kind === "FragmentSpread" && !into.has(one.name.value)) {
      into.add(one.name.value);
      used(fragments.get(one.name.value).selectionSet.selections, into);
    } else if (one.selectionSet) used(one.selectionSet.selections, into);
  }
  return into;
}

const lines = [
  "// Made by portal/generate.mjs from schema.graphql and src/operations; not to be edited.",
  "export interface Operation<Data, Variables> { readonly text: string; readonly data?: Data; readonly variables?: Variables }",
];
for (const [name, fragment] of fragments) {
  const type = schema.getType(fragment.typeCondition.name.value);
  lines.push(`export type ${name} = ${output(type, fragment.selectionSet.selections)};`);
}
const texts = {};
for (const operation of document.definitions.filter((d) => d.kind === "OperationDefinition")) {
  const name = operation.name.value;
  const root = { query: schema.getQueryType(), mutation: schema.getMutationType(), subscription: schema.getSubscriptionType() }[operation.operation];
  const variables = (operation.variableDefinitions ?? []).map((one) => {
    const type = g.typeFromAST(schema, one.type);
    const mark = g.isNonNullType(type) ? "" : "?";
    return `readonly ${one.variable.name.value}${mark}: ${wrapped(type, input)}`;
  });
  const parts = [operation, ...[...used(operation.selectionSet.selections)].map((key) => fragments.get(key))];
  const text = g.stripIgnoredCharacters(parts.map((part) => g.print(part)).join("\n"));
  texts[createHash("sha256").update(text).digest("hex")] = text;
  lines.push(
    `export type ${name}Data = ${output(root, operation.selectionSet.selections)};`,
    `export type ${name}Variables = { ${variables.join("; ")} };`,
    `export const ${name}: Operation<${name}Data, ${name}Variables> = { text: ${JSON.stringify(text)} };`,
  );
}
if (manifest) writeFileSync(manifest, JSON.stringify(texts));
else writeFileSync(`${part}/src/generated.ts`, lines.join("\n") + "\n");
