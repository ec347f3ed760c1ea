import { Around, Count, Feed, History, type AroundData, type ChangeLine, type CountData, type HistoryData } from "./generated.js";
import { ask, type Access } from "./client.js";
import type { Facts } from "./facts.js";
import { pointName, type Direction, type Point } from "./scene.js";
import { OPEN, instant, nowMicros, write, type Micros } from "./time.js";

/** What is read, and in which order: the only part that knows both the API and the facts. */

export interface Wanted {
  readonly key: string;
  readonly depth: number;
  readonly direction: Direction;
  readonly types: readonly string[] | null;
}

export interface Read {
  /** How many relationships the focus had. */
  readonly count: number;
  /** The instant that was answered. */
  readonly valid: Micros;
  readonly basis: AroundData["basis"];
  /** Whether the focus was there. */
  readonly there: boolean;
  /** Entities less than `depth` away: those whose relationships were read. */
  readonly inner: readonly string[];
  /** Of the focus not all relationships were read; of others not all; and so many others were not looked at. */
  readonly cut: boolean;
  readonly cutFurther: boolean;
  readonly notFollowed: number;
  /** When something was last said about the focus itself. */
  readonly moments: readonly Micros[];
}

const PAGE = 200;
/** Counting goes on up to 10,000. */
const COUNT_PAGES_MAX = 50;
/** 2,000 versions: the instants that are read beside them tell what is newer. */
const HISTORY_PAGES_MAX = 10;
const INNER_MAX = 60;
const AT_ONCE = 4;
export const PROBES_MAX = 24;
const REQUESTS_MAX = 96;

const DIRECTIONS = { both: "BOTH", in: "IN", out: "OUT" } as const;

/** At most `AT_ONCE` at a time, in order. */
async function each<Item>(items: readonly Item[], go: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const worker = async (): Promise<void> => {
    for (let one = waiting.shift(); one !== undefined; one = waiting.shift()) await go(one);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

export function atOf(valid: Micros | null, known: Micros): { valid?: string; known?: string } {
  return { ...(valid === null ? {} : { valid: write(valid) }), ...(known === OPEN ? {} : { known: write(known) }) };
}

/** Read what is around the focus at one point into `facts`. `valid` null: now. */
export async function readPoint(
  access: Access,
  facts: Facts,
  wanted: Wanted,
  valid: Micros | null,
  known: Micros,
  signal: AbortSignal,
  { moments = false, expected = PAGE / 2 }: { moments?: boolean; expected?: number } = {},
): Promise<Read> {
  let at = atOf(valid, known);
  // A question costs what it may be answered with: not more is asked for than is likely there, and all of it where it was more.
  const size = Math.min(PAGE, Math.max(20, expected * 2));
  const variables = { types: wanted.types, direction: DIRECTIONS[wanted.direction], first: size };
  let first = await ask(access, Around, { key: wanted.key, at, ...variables, moments }, signal);
  if (size < PAGE && first.entity?.relationships.pageInfo.hasNextPage) {
    variables.first = PAGE;
    first = await ask(access, Around, { key: wanted.key, at, ...variables, moments }, signal);
  }
  const point: Point = { valid: valid ?? instant(first.basis.valid), known };
  // The steps behind the first are answered at the same instant.
  at = atOf(point.valid, known);
  const seen = new Set([wanted.key]);
  const cut = take(facts, wanted, wanted.key, first, point, seen);
  let cutFurther = false;
  let notFollowed = 0;
  const inner = [wanted.key];
  let ring = [...seen].filter((key) => key !== wanted.key);
  for (let step = 2; step <= wanted.depth && ring.length; step++) {
    const asked = [...ring].sort().slice(0, Math.max(0, INNER_MAX - inner.length));
    notFollowed += ring.length - asked.length;
    const before = new Set(seen);
    await each(asked, async (key) => {
      const data = await ask(access, Around, { key, at, ...variables, first: PAGE / 4, moments: false }, signal);
      cutFurther = take(facts, wanted, key, data, point, seen) || cutFurther;
    });
    inner.push(...asked);
    ring = [...seen].filter((key) => !before.has(key));
  }
  const times = (first.entity?.events?.edges ?? []).map((edge) => instant(edge.node.time));
  return { count: first.entity?.relationships.edges.length ?? 0, valid: point.valid, basis: first.basis, there: first.entity !== null, inner, cut, cutFurther, notFollowed, moments: times };
}

/** How many relationships the focus had at a point; `more`: there are others beyond those that were counted. */
export async function countAround(access: Access, wanted: Wanted, valid: Micros, known: Micros, signal: AbortSignal): Promise<{ count: number; more: boolean }> {
  const variables = { key: wanted.key, at: atOf(valid, known), types: wanted.types, direction: DIRECTIONS[wanted.direction], first: PAGE };
  let count = 0;
  let after: string | null = null;
  for (let page = 0; page < COUNT_PAGES_MAX; page++) {
    const { entity }: CountData = await ask(access, Count, { ...variables, after }, signal);
    count += entity?.relationships.edges.length ?? 0;
    if (!entity?.relationships.pageInfo.hasNextPage) return { count, more: false };
    after = entity.relationships.pageInfo.endCursor;
  }
  return { count, more: true };
}

/** What one answer says. Returns whether some of it was left out. */
function take(facts: Facts, wanted: Wanted, key: string, data: AroundData, point: Point, seen: Set<string>): boolean {
  const { entity } = data;
  const known = Math.min(point.known, instant(data.basis.known));
  if (!entity) {
    if (wanted.direction === "both") facts.settle(key, pointName(point), []);
    return false;
  }
  facts.addThing(entity, point.valid, known, entity.event);
  const ids = entity.relationships.edges.map(({ node }) => {
    seen.add(node.source.key).add(node.target.key);
    return facts.addTie(node, point.valid, known);
  });
  const cut = entity.relationships.pageInfo.hasNextPage;
  if (!cut && wanted.direction === "both" && wanted.types === null) facts.settle(key, pointName(point), ids);
  return cut;
}

/** The instants of a window at which to read: its ends, when the focus itself was spoken of, and between. */
export function probes(from: Micros, to: Micros, moments: readonly Micros[], most: number): Micros[] {
  const inside = [...new Set(moments)].filter((at) => from < at && at < to).sort((a, b) => b - a);
  const own = inside.slice(0, Math.max(0, most - 4));
  const rest = Math.max(2, Math.min(8, most - own.length));
  const grid = Array.from({ length: rest }, (_, index) => Math.round(from + ((to - from) * index) / (rest - 1)));
  return [...new Set([...own, ...grid])].sort((a, b) => a - b);
}

/** Read the window: what came and went in it. Facts grow, `heard` is told of each instant; nothing is drawn from here. */
export async function readWindow(
  access: Access,
  facts: Facts,
  wanted: Wanted,
  { inner, count }: Pick<Read, "inner" | "count">,
  window: { from: Micros; to: Micros },
  moments: readonly Micros[],
  known: Micros,
  signal: AbortSignal,
  heard: (read: Read) => void,
): Promise<void> {
  const most = Math.max(4, Math.min(PROBES_MAX, Math.floor(REQUESTS_MAX / Math.max(1, inner.length))));
  // Of steps behind the first, what each instant has of them is read again: it may be others.
  await each(probes(window.from, Math.min(window.to, nowMicros()), moments, most), async (at) => {
    heard(await readPoint(access, facts, wanted, at, known, signal, { expected: count }));
  });
  await readHistory(access, facts, wanted.key, known, signal);
  await readFeed(access, facts, inner, wanted.types, signal);
}

/** All versions of the focus itself, wherever the window is: oldest first, up to `HISTORY_PAGES_MAX` pages. */
export async function readHistory(access: Access, facts: Facts, key: string, known: Micros, signal: AbortSignal): Promise<void> {
  let after: string | null = null;
  for (let page = 0; page < HISTORY_PAGES_MAX; page++) {
    const { entity }: HistoryData = await ask(access, History, { key, ...(known === OPEN ? {} : { known: write(known) }), after }, signal);
    if (!entity) return;
    const read = nowMicros();
    if (after === null) facts.addThing(entity, read, known === OPEN ? read : known);
    for (const { node } of entity.history.edges) facts.addVersion(key, node);
    if (!entity.history.pageInfo.hasNextPage) return;
    after = entity.history.pageInfo.endCursor;
  }
}

/** The newest changes around some entities, as they landed. */
export async function readFeed(
  access: Access,
  facts: Facts,
  around: readonly string[],
  types: readonly string[] | null,
  signal: AbortSignal,
): Promise<void> {
  const filter = { around: around.slice(0, 100), ...(types ? { types } : {}) };
  const { changes } = await ask(access, Feed, { filter, first: 100 }, signal);
  for (const { node } of changes.edges) facts.addChange(node satisfies ChangeLine);
}
