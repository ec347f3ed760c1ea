import type { Access, Trouble } from "@element/client.js";
import { parseInstant, tell, write as writeInstant, type Micros } from "@element/time.js";
import type { GlossaryData } from "./generated.js";
import { step, write, type Route } from "./route.js";
import type { Words } from "./words/index.js";

export type Glossary = GlossaryData["vocabulary"];

export interface At {
  valid?: string;
  known?: string;
}

/** What every view is given: where it is, how to ask, how to say it. A new one for everything that is otherwise. */
export interface Context {
  readonly route: Route;
  readonly access: Access;
  readonly words: Words;
  readonly lang: string;
  readonly zone: string;
  readonly glossary: Glossary;
  /** Grows when all must be asked again: with another token, or when somebody asks for it. */
  readonly round: number;
  /** Go somewhere. `quietly`: in place of where one is, as a step that nobody wants to go back to. */
  readonly go: (patch: Partial<Route>, quietly?: boolean) => void;
  /** Something could not be read: the page asks for a token where that would help. */
  readonly troubled: (trouble: Trouble) => void;
  /** Said to who cannot see it. */
  readonly say: (text: string) => void;
}

/** The address of a place, seen from here. */
export const href = (context: Context, patch: Partial<Route>): string => `explorer${write(step(context.route, patch))}`;

/** An instant of the address as the API wants it; undefined where there is none, or it is none. */
export function instantOf(text: string): Micros | null {
  return text ? parseInstant(text) : null;
}

/** The point that a route means. */
export function atOf(route: Route, valid = route.valid): At {
  const at = instantOf(valid);
  const known = instantOf(route.known) ?? (route.then && at !== null ? at : null);
  return { ...(at === null ? {} : { valid: writeInstant(at) }), ...(known === null ? {} : { known: writeInstant(known) }) };
}

export const kindLabel = (context: Context, kind: string): string => context.glossary.kinds.find((one) => one.name === kind)?.label || kind;
export const typeLabel = (context: Context, type: string): string => context.glossary.relationshipTypes.find((one) => one.type === type)?.label || type;
export const ownerTypes = (context: Context): string[] => context.glossary.relationshipTypes.filter((one) => one.owner).map((one) => one.type);

/** Which glyph and colour a kind has: the same as in the picture. */
export function kindIndex(context: Context, kind: string): number {
  const kinds = context.glossary.kinds.map((one) => one.name).sort();
  const found = kinds.indexOf(kind);
  return found < 0 ? kinds.length : found;
}

/** An instant of the API for people. */
export function told(context: Context, instant: string | null, fine: "day" | "minute" | "second" = "minute"): string {
  const at = instant === null ? null : parseInstant(instant);
  return at === null ? "" : tell(at, context.lang, context.zone, fine);
}
