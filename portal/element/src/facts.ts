import { OPEN, instant, instantOr, type Micros } from "./time.js";
import type { CauseData, ChangeLine, EventLine, Thing, Tie } from "./generated.js";

/** Everything that was learned so far, on both clocks. A pure value store: what it is told, it answers; it asks nobody. */

export interface Node {
  readonly key: string;
  readonly kind: string;
  readonly name: string;
}

export interface Edge {
  readonly id: string;
  readonly type: string;
  readonly source: string;
  readonly target: string;
  readonly discriminator: string | null;
}

/** An event with what it comes from and what came of it. */
export type EventWithCauses = NonNullable<CauseData["event"]>;

export const eventName = (event: EventLine): string => `${event.source} ${event.eventId}`;

/** How something was over a stretch of valid time, as believed at some known time. */
export interface State {
  readonly from: Micros;
  readonly to: Micros;
  readonly properties: Readonly<Record<string, unknown>>;
  /** What tells two states apart. */
  readonly print: string;
  readonly event: EventLine | null;
}

/** One claim: from `known` on it is believed that over [from, to) it was `state`, or (null) that it was not there. */
interface Claim {
  readonly known: Micros;
  readonly from: Micros;
  readonly to: Micros;
  readonly state: State | null;
  readonly endedBy: EventLine | null;
}

interface Painted {
  readonly claims: number;
  readonly states: readonly State[];
}

const NONE: ReadonlyMap<string, ReadonlySet<string>> = new Map();
const owner = (key: string): string => `e ${key}`;

export function edgeId(edge: Omit<Edge, "id">): string {
  return JSON.stringify([edge.source, edge.type, edge.target, edge.discriminator ?? ""]);
}

const properties = (given: unknown): Readonly<Record<string, unknown>> =>
  typeof given === "object" && given !== null && !Array.isArray(given) ? (given as Record<string, unknown>) : {};

/** JSON with sorted keys, so that equal values print alike. */
export function print(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(print).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${print(one)}`).join()}}`;
}

function paint(claims: readonly Claim[]): State[] {
  let states: State[] = [];
  for (const { from, to, state } of claims) {
    const kept: State[] = [];
    for (const one of states) {
      if (one.to <= from || to <= one.from) {
        kept.push(one);
        continue;
      }
      if (one.from < from) kept.push({ ...one, to: from });
      if (to < one.to) kept.push({ ...one, from: to });
    }
    if (state && from < to) kept.push({ ...state, from, to });
    states = kept;
  }
  states.sort((a, b) => a.from - b.from);
  // Pieces of one state that meet are one again.
  const joined: State[] = [];
  for (const one of states) {
    const last = joined.at(-1);
    if (last && last.to === one.from && last.print === one.print) joined[joined.length - 1] = { ...last, to: one.to };
    else joined.push(one);
  }
  return joined;
}

export class Facts {
  readonly nodes = new Map<string, Node>();
  readonly edges = new Map<string, Edge>();
  readonly #claims = new Map<string, Claim[]>();
  readonly #seen = new Set<string>();
  readonly #painted = new Map<string, Painted>();
  /** By point, then by entity. */
  readonly #exact = new Map<string, Map<string, ReadonlySet<string>>>();
  /** Instants at which an entity was seen not to be declared, in order. */
  readonly #lacking = new Map<string, { at: Micros; known: Micros; ended: boolean }[]>();
  /** Grows with everything new, so that others know when to work things out again. */
  version = 0;

  /** What an entity was, as read at a point. */
  addThing(thing: Thing, at: Micros, known: Micros, event: EventLine | null = null): void {
    this.#name(thing);
    if (!thing.declared || thing.validFrom === null || thing.knownFrom === null) {
      this.#lack(thing.key, at, known, thing.ended);
      return;
    }
    this.#claim(owner(thing.key), thing, thing.knownFrom, properties(thing.properties), event, null);
  }

  /** A relationship, as read at a point, and what its ends were. */
  addTie(tie: Tie, at: Micros, known: Micros): string {
    this.addThing(tie.source, at, known);
    this.addThing(tie.target, at, known);
    const id = this.#edge(tie);
    this.#claim(id, tie, tie.knownFrom, properties(tie.properties), tie.event, null);
    return id;
  }

  /** All of an entity's relationships at one point, and so those that were not there. */
  settle(key: string, at: string, ids: Iterable<string>): void {
    const there = this.#exact.get(at) ?? new Map<string, ReadonlySet<string>>();
    this.#exact.set(at, there.set(key, new Set(ids)));
    this.version++;
  }

  /** A version of an entity, from its history. */
  addVersion(
    key: string,
    version: { properties: unknown; validFrom: string; validTo: string | null; knownFrom: string; event: EventLine; endedBy: EventLine | null },
  ): void {
    this.#claim(owner(key), version, version.knownFrom, properties(version.properties), version.event, version.endedBy);
  }

  /** A change as it landed. */
  addChange(change: ChangeLine): void {
    const { relationship, entity } = change;
    const at = instant(change.validFrom);
    const known = instant(change.recordedAt);
    // What was complete before it need not be so any more.
    this.#exact.clear();
    this.version++;
    if (entity) this.#name(entity);
    if (entity && !change.after) this.#lack(entity.key, at, known, true);
    if (relationship) {
      this.addThing(relationship.source, at, known);
      this.addThing(relationship.target, at, known);
    }
    const id = relationship ? this.#edge(relationship) : entity ? owner(entity.key) : null;
    if (id === null) return;
    const state = change.after && properties(change.after.properties);
    this.#claim(id, change, change.recordedAt, state, change.event, state ? null : change.event);
  }

  /** The states of an edge as believed at a known time, in order. */
  edgeStates(id: string, known: Micros): readonly State[] {
    return this.#states(id, known);
  }

  /** The states of an entity that was declared, as believed at a known time, in order. */
  nodeStates(key: string, known: Micros): readonly State[] {
    return this.#states(owner(key), known);
  }

  /** When an edge was ever believed to be there, at whatever known time. */
  everSpans(id: string): readonly (readonly [Micros, Micros])[] {
    return (this.#claims.get(id) ?? []).flatMap((one) => (one.state ? [[one.from, one.to] as const] : []));
  }

  /** When something was first known of an entity, as far as it was read; OPEN where nothing was. */
  firstKnown(key: string): Micros {
    return Math.min(OPEN, ...(this.#claims.get(owner(key)) ?? []).map((one) => one.known));
  }

  /** The state at an instant; null when it is not there. */
  edgeAt(id: string, valid: Micros, known: Micros): State | null {
    return stateAt(this.#states(id, known), valid);
  }

  nodeAt(key: string, valid: Micros, known: Micros): State | null {
    return stateAt(this.#states(owner(key), known), valid);
  }

  /** Whether an entity was declared at a point where it was named. Between two readings it is taken to be as it was at the one before. */
  standing(key: string, valid: Micros, known: Micros): "declared" | "ended" | "undeclared" {
    const states = this.nodeStates(key, known);
    if (stateAt(states, valid)) return "declared";
    const points = (this.#lacking.get(key) ?? []).filter((one) => one.known <= known);
    const before = points.findLast((one) => one.at <= valid);
    const stateBefore = states.findLast((one) => one.to <= valid);
    if (before && (!stateBefore || stateBefore.to <= before.at)) return before.ended ? "ended" : "undeclared";
    const after = points.find((one) => valid < one.at);
    const stateAfter = states.find((one) => valid < one.from);
    if (after && (!stateAfter || after.at < stateAfter.from)) {
      return stateBefore ? "ended" : after.ended ? "declared" : "undeclared";
    }
    // A beginning without a state before it: nobody had declared it.
    return stateAfter && !stateBefore ? "undeclared" : "declared";
  }

  /** Which edges entities had at a point, of those whose were read and are complete. */
  exactly(at: string): ReadonlyMap<string, ReadonlySet<string>> {
    return this.#exact.get(at) ?? NONE;
  }

  /** Who ended the state that ended then, where that is known. */
  enderOf(id: string, at: Micros, known: Micros): EventLine | null {
    const claims = this.#claims.get(id) ?? [];
    return (
      claims.findLast((one) => one.known <= known && one.endedBy !== null && (one.state ? one.to === at : one.from === at))?.endedBy ?? null
    );
  }

  #lack(key: string, at: Micros, known: Micros, ended: boolean): void {
    const points = this.#lacking.get(key) ?? [];
    if (points.some((one) => one.at === at && one.known === known && one.ended === ended)) return;
    points.push({ at, known, ended });
    points.sort((a, b) => a.at - b.at || a.known - b.known);
    this.#lacking.set(key, points);
    this.version++;
  }

  #name(thing: { key: string; kind: string; name: string; declared: boolean }): void {
    // Those who only name it do not know what it is called.
    if (this.nodes.has(thing.key) && !thing.declared) return;
    const known = this.nodes.get(thing.key);
    if (known && known.name === thing.name) return;
    this.nodes.set(thing.key, { key: thing.key, kind: thing.kind, name: thing.name });
    this.version++;
  }

  #edge(one: { type: string; discriminator: string | null; source: { key: string }; target: { key: string } }): string {
    const edge = { type: one.type, source: one.source.key, target: one.target.key, discriminator: one.discriminator };
    const id = edgeId(edge);
    if (!this.edges.has(id)) this.edges.set(id, { id, ...edge });
    return id;
  }

  #claim(
    id: string,
    span: { validFrom: string | null; validTo: string | null },
    knownFrom: string,
    given: Readonly<Record<string, unknown>> | null,
    event: EventLine | null,
    endedBy: EventLine | null,
  ): void {
    const from = instant(span.validFrom as string);
    const to = instantOr(span.validTo, OPEN);
    const recorded = event ? instant(event.recordedAt) : OPEN;
    // When an end became known later, its beginning was known since the event that began it.
    const known = Math.min(instant(knownFrom), recorded);
    const shape = given === null ? "gone" : print(given);
    const name = `${id}|${known}|${from}|${to}|${shape}`;
    if (this.#seen.has(`${name}|${event?.eventId}|${endedBy?.eventId}`)) return;
    this.#seen.add(`${name}|${event?.eventId}|${endedBy?.eventId}`);
    const state = given && { from, to, properties: given, print: shape, event };
    const claims = this.#claims.get(id) ?? [];
    // What is known of the same stretch with the event that made it is worth more than without.
    const twin = claims.findIndex((one) => one.from === from && one.to === to && one.state?.print === state?.print && one.known === known);
    if (twin >= 0) {
      const old = claims[twin] as Claim;
      claims[twin] = { ...old, state: state && { ...state, event: event ?? old.state?.event ?? null }, endedBy: endedBy ?? old.endedBy };
    } else {
      claims.push({ known, from, to, state, endedBy });
      // In the order of learning; of the same moment, ends after what they end, and the narrower after the wider.
      claims.sort((a, b) => a.known - b.known || Number(a.state === null) - Number(b.state === null) || b.to - b.from - (a.to - a.from) || a.from - b.from);
    }
    this.#claims.set(id, claims);
    this.#painted.delete(id);
    this.version++;
  }

  #states(id: string, known: Micros): readonly State[] {
    const claims = this.#claims.get(id);
    if (!claims) return [];
    let count = claims.length;
    while (count > 0 && (claims[count - 1] as Claim).known > known) count--;
    const before = this.#painted.get(id);
    if (before?.claims === count) return before.states;
    const states = paint(claims.slice(0, count));
    this.#painted.set(id, { claims: count, states });
    return states;
  }
}

export function stateAt(states: readonly State[], valid: Micros): State | null {
  let low = 0;
  let high = states.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((states[middle] as State).from <= valid) low = middle + 1;
    else high = middle;
  }
  const found = states[low - 1];
  return found && valid < found.to ? found : null;
}
