/** The messages between a host page and /embed: version 1. All have `kg: 1` and a `type`. docs/embedding.md says the same for people. */

export const VERSION = 1;
/** What a host may set. The address that is asked is not among them, and neither is a token. */
export const ATTRIBUTES = [
  "entity", "valid-at", "known-at", "as-known-then", "compare-to", "direction", "depth", "kinds", "types", "theme", "lang", "view", "impact", "selected", "hide", "unfolded", "span", "live",
] as const;
const TIMES = { validAt: "valid-at", knownAt: "known-at", compareTo: "compare-to" } as const;
const CHARS_MAX = 4_000;
const TOKEN_CHARS_MAX = 16_000;

export type Attribute = (typeof ATTRIBUTES)[number];
/** null takes an attribute away. */
export type Attributes = Partial<Record<Attribute, string | null>>;

export type FromHost =
  | { readonly type: "hello" }
  | { readonly type: "configure"; readonly attributes: Attributes }
  | { readonly type: "token"; readonly token: string | null }
  | { readonly type: "time"; readonly attributes: Attributes };

export type ToHost = "ready" | "select" | "time" | "expand" | "error" | "resize";

type Plain = Readonly<Record<string, unknown>>;

const isPlain = (value: unknown): value is Plain => typeof value === "object" && value !== null && !Array.isArray(value);

/** The value of an attribute, or undefined when it is none. */
function valueOf(value: unknown): string | null | undefined {
  if (value === null || value === false) return null;
  if (value === true) return "";
  if (typeof value === "number" && Number.isFinite(value)) return String(value);
  return typeof value === "string" && value.length <= CHARS_MAX ? value : undefined;
}

/** Attributes by name, all of them known; null when one is not, or has no value that an attribute can have. */
export function attributesOf(given: unknown, names: Readonly<Record<string, Attribute>>): Attributes | null {
  if (!isPlain(given)) return null;
  const found: Attributes = {};
  for (const [name, value] of Object.entries(given)) {
    const attribute = Object.hasOwn(names, name) ? names[name] : undefined;
    const text = valueOf(value);
    if (attribute === undefined || text === undefined) return null;
    found[attribute] = text;
  }
  return found;
}

const SAME_NAMES = Object.fromEntries(ATTRIBUTES.map((name) => [name, name])) as Record<string, Attribute>;

/** Whether something says that it is of this protocol, in whatever version: the rest is between others. */
export const isOurs = (data: unknown): data is Plain => isPlain(data) && "kg" in data;

/** What a message means; a sentence that says what is wrong with it otherwise. */
export function read(data: Plain): FromHost | string {
  if (data["kg"] !== VERSION) return `this page speaks version ${VERSION}`;
  const { kg: _, type, ...rest } = data;
  if (type === "hello") return { type };
  if (type === "configure") {
    const attributes = attributesOf(rest["attributes"], SAME_NAMES);
    return attributes ? { type, attributes } : `configure takes attributes: ${ATTRIBUTES.join(", ")}`;
  }
  if (type === "time") {
    const attributes = attributesOf(rest, TIMES);
    return attributes ? { type, attributes } : `time takes ${Object.keys(TIMES).join(", ")}`;
  }
  if (type === "token") {
    const token = rest["token"];
    const good = token === null || (typeof token === "string" && /^[\x21-\x7e]+$/.test(token) && token.length <= TOKEN_CHARS_MAX);
    return good ? { type, token } : "token takes the token as text, or null";
  }
  return "there is no such message";
}

/** What an address asks for at first: the same attributes. */
export function fromAddress(search: string): Attributes {
  const given = Object.fromEntries([...new URLSearchParams(search)].filter(([name]) => name in SAME_NAMES));
  return attributesOf(given, SAME_NAMES) ?? {};
}
