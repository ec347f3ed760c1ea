import { DEFAULTS, layout, type Layout, type LayoutNode, type LayoutOptions } from "./layout.js";
import type { Edge, Facts, Node, State } from "./facts.js";
import { OPEN, type Micros } from "./time.js";

/** What is drawn: the union of all that was there within a window, where it lies, and how it looks at an instant. Pure. */

export type Direction = "both" | "in" | "out";
export type Status = "present" | "added" | "removed" | "changed" | "ended" | "undeclared" | "absent";
export const STATUSES: readonly Status[] = ["present", "added", "removed", "changed", "ended", "undeclared"];

export interface Asked {
  readonly focus: string;
  readonly depth: number;
  readonly direction: Direction;
  readonly kinds: ReadonlySet<string> | null;
  readonly types: ReadonlySet<string> | null;
  readonly from: Micros;
  readonly to: Micros;
  /** The known times of which anything may be shown: up to this one. */
  readonly known: Micros;
  /** Whether what was believed at any known time is part of it, and not only what is believed at `known`. */
  readonly ever?: boolean;
  /** What is there at these instants has a place of its own, so that both sides of a comparison are seen. */
  readonly held?: readonly Micros[];
  readonly options?: Partial<LayoutOptions>;
}

export interface SceneNode extends Node {
  readonly hop: number;
}

export interface Scene extends Layout {
  readonly focus: string;
  readonly nodes: ReadonlyMap<string, SceneNode>;
  readonly edges: readonly Edge[];
  /** The edges of each node. */
  readonly near: ReadonlyMap<string, readonly Edge[]>;
  /** The fold that a node is in. */
  readonly folded: ReadonlyMap<string, string>;
}

export interface Point {
  readonly valid: Micros;
  readonly known: Micros;
}

type Span = readonly [Micros, Micros];

function merged(spans: Span[]): Span[] {
  spans.sort((a, b) => a[0] - b[0]);
  const found: Span[] = [];
  for (const one of spans) {
    const last = found.at(-1);
    if (last && one[0] <= last[1]) found[found.length - 1] = [last[0], Math.max(last[1], one[1])];
    else found.push(one);
  }
  return found;
}

const follows = (direction: Direction, edge: Edge, at: string): boolean =>
  direction === "both" || (direction === "out" ? edge.source === at : edge.target === at);

/** Signed distances from the focus, over the union. The first step says the side: what it leads to is on the right. */
function hopsOf(asked: Asked, near: ReadonlyMap<string, readonly Edge[]>, admits: (key: string) => boolean): Map<string, number> {
  const hops = new Map([[asked.focus, 0]]);
  let edgeOf = [asked.focus];
  for (let step = 1; step <= asked.depth; step++) {
    const found = new Map<string, number>();
    for (const key of edgeOf) {
      const hop = hops.get(key) ?? 0;
      for (const edge of near.get(key) ?? []) {
        if (!follows(asked.direction, edge, key)) continue;
        const other = edge.source === key ? edge.target : edge.source;
        if (hops.has(other) || !admits(other)) continue;
        const sign = hop === 0 ? (edge.source === key ? 1 : -1) : Math.sign(hop);
        // Reached from both sides: the right one counts, in whatever order the edges come.
        found.set(other, Math.max(found.get(other) ?? -step, sign * step));
      }
    }
    for (const [key, hop] of found) hops.set(key, hop);
    edgeOf = [...found.keys()];
  }
  return hops;
}

/** The union graph of the window, laid out. */
export function sceneOf(facts: Facts, asked: Asked): Scene {
  const spans = new Map<string, Span[]>();
  const near = new Map<string, Edge[]>();
  for (const edge of facts.edges.values()) {
    if (asked.types && !asked.types.has(edge.type)) continue;
    const all = asked.ever ? facts.everSpans(edge.id) : facts.edgeStates(edge.id, asked.known).map((one) => [one.from, one.to] as const);
    const there = all
      .filter(([from, to]) => from <= asked.to && asked.from < to)
      .map(([from, to]): Span => [Math.max(from, asked.from), Math.min(to, asked.to)]);
    if (!there.length) continue;
    for (const key of new Set([edge.source, edge.target])) {
      near.set(key, [...(near.get(key) ?? []), edge]);
      spans.set(key, [...(spans.get(key) ?? []), ...there]);
    }
  }
  const kindOf = (key: string): string => facts.nodes.get(key)?.kind ?? "";
  const hops = hopsOf(asked, near, (key) => asked.kinds === null || asked.kinds.has(kindOf(key)));
  const edges = [...facts.edges.values()].filter(
    (edge) => hops.has(edge.source) && hops.has(edge.target) && (near.get(edge.source) ?? []).includes(edge),
  );
  const nodes = new Map([...hops].map(([key, hop]) => [key, { ...(facts.nodes.get(key) ?? { key, kind: "", name: key }), hop }] as const));
  const places = layout(
    [...nodes.values()].map((one): LayoutNode => {
      const there = one.hop === 0 ? [] : merged(spans.get(one.key) ?? []);
      const held = (asked.held ?? []).some((at) => there.some(([from, to]) => from <= at && at < to));
      return { key: one.key, kind: one.kind, hop: one.hop, spans: held ? [[asked.from, asked.to]] : there };
    }),
    edges,
    { ...DEFAULTS, ...asked.options },
  );
  const folded = new Map(places.folds.flatMap((fold) => fold.keys.map((key) => [key, fold.id] as const)));
  return { ...places, focus: asked.focus, nodes, edges, near, folded };
}

export interface NodeLook {
  readonly status: Status;
  readonly state: State | null;
}

export interface EdgeLook {
  readonly status: Status;
  readonly state: State | null;
}

export interface Picture {
  readonly nodes: ReadonlyMap<string, NodeLook>;
  readonly edges: ReadonlyMap<string, EdgeLook>;
}

interface There {
  readonly edges: ReadonlyMap<string, State>;
  readonly nodes: ReadonlySet<string>;
}

export const pointName = (point: Point): string => `${point.valid}|${point.known}`;

/** What was there at a point: edges that held, and what they connect with the focus. */
function thereAt(facts: Facts, scene: Scene, point: Point): There {
  const complete = facts.exactly(pointName(point));
  const edges = new Map<string, State>();
  for (const edge of scene.edges) {
    const exact = complete.get(edge.source) ?? complete.get(edge.target);
    if (exact && !exact.has(edge.id)) continue;
    const state = facts.edgeAt(edge.id, point.valid, point.known);
    if (state) edges.set(edge.id, state);
  }
  const nodes = new Set<string>();
  const focus = scene.focus;
  const named = (scene.near.get(focus) ?? []).some((edge) => edges.has(edge.id));
  if (named || facts.nodeAt(focus, point.valid, point.known)) {
    const waiting = [focus];
    nodes.add(focus);
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      for (const edge of scene.near.get(key) ?? []) {
        if (!edges.has(edge.id)) continue;
        const other = edge.source === key ? edge.target : edge.source;
        if (nodes.has(other) || !scene.nodes.has(other)) continue;
        nodes.add(other);
        waiting.push(other);
      }
    }
  }
  return { edges, nodes };
}

function compared(now: boolean, then: boolean | null, differs: () => boolean): Status | null {
  if (then === null) return now ? "present" : "absent";
  if (now !== then) return now ? "added" : "removed";
  return now ? (differs() ? "changed" : "present") : "absent";
}

/** How everything looks at a point; with `against`, what became of it since then. */
export function pictureOf(facts: Facts, scene: Scene, at: Point, against: Point | null): Picture {
  const now = thereAt(facts, scene, at);
  const then = against && thereAt(facts, scene, against);
  const nodes = new Map<string, NodeLook>();
  for (const key of scene.nodes.keys()) {
    const state = facts.nodeAt(key, at.valid, at.known);
    const differs = (): boolean => {
      const before = against && facts.nodeAt(key, against.valid, against.known);
      return state !== null && !!before && state.print !== before.print;
    };
    let status = compared(now.nodes.has(key), then && then.nodes.has(key), differs) as Status;
    if (status === "present") {
      const standing = facts.standing(key, at.valid, at.known);
      if (standing !== "declared") status = standing;
    }
    // Where it was, another is now: the place is that one's.
    if (status === "removed" && scene.places.get(key)?.shared) status = "absent";
    nodes.set(key, { status, state });
  }
  const absent = (key: string): boolean => nodes.get(key)?.status === "absent";
  const edges = new Map<string, EdgeLook>();
  for (const edge of scene.edges) {
    // An edge between others that are both out of reach is not part of the picture.
    const state = now.edges.get(edge.id) ?? null;
    const before = then?.edges.get(edge.id) ?? null;
    const shown = state !== null && now.nodes.has(edge.source) && now.nodes.has(edge.target);
    const shownThen = then && before !== null && then.nodes.has(edge.source) && then.nodes.has(edge.target);
    const status = compared(shown, shownThen, () => state?.print !== before?.print) as Status;
    edges.set(edge.id, { status: absent(edge.source) || absent(edge.target) ? "absent" : status, state: state ?? before });
  }
  return { nodes, edges };
}

/** What a selection lights up: all shortest ways from the focus to it, and everything behind it. */
export function litBy(scene: Scene, picture: Picture, selected: string): ReadonlySet<string> {
  const lit = new Set([selected]);
  const hopOf = (key: string): number => scene.nodes.get(key)?.hop ?? 0;
  const shown = (edge: Edge): boolean => picture.edges.get(edge.id)?.status !== "absent";
  const walk = (start: string, inwards: boolean): void => {
    const waiting = [start];
    const seen = new Set(waiting);
    for (let key = waiting.pop(); key !== undefined; key = waiting.pop()) {
      for (const edge of scene.near.get(key) ?? []) {
        const other = edge.source === key ? edge.target : edge.source;
        if (!scene.nodes.has(other) || !shown(edge)) continue;
        const step = Math.abs(hopOf(other)) - Math.abs(hopOf(key));
        const side = hopOf(key) === 0 || hopOf(other) === 0 || Math.sign(hopOf(key)) === Math.sign(hopOf(other));
        if (!side || step !== (inwards ? -1 : 1)) continue;
        lit.add(edge.id);
        lit.add(other);
        if (!seen.has(other)) {
          seen.add(other);
          waiting.push(other);
        }
      }
    }
  };
  walk(selected, true);
  walk(selected, false);
  return lit;
}

/** One change in the window, for the histogram and the list. */
export interface Happening {
  readonly at: Micros;
  readonly kind: "appeared" | "changed" | "ended";
  /** The node or edge that changed. */
  readonly node: string | null;
  readonly edge: Edge | null;
}

/** All changes of what the scene holds within the window, in order of valid time. */
export function happenings(facts: Facts, scene: Scene, from: Micros, to: Micros, known: Micros): Happening[] {
  const found: Happening[] = [];
  const tell = (states: readonly State[], node: string | null, edge: Edge | null): void => {
    const starts = new Set(states.map((one) => one.from));
    const ends = new Set(states.map((one) => one.to));
    for (const at of new Set([...starts, ...ends])) {
      if (at < from || to < at || at === OPEN) continue;
      const kind = starts.has(at) ? (ends.has(at) ? "changed" : "appeared") : "ended";
      found.push({ at, kind, node, edge });
    }
  };
  for (const edge of scene.edges) tell(facts.edgeStates(edge.id, known), null, edge);
  for (const key of scene.nodes.keys()) {
    // Of an entity only what is known from both sides: a state that was not read is no end.
    const states = facts.nodeStates(key, known);
    const told = states.filter((one, index) => index === 0 || states[index - 1]?.to === one.from || facts.standing(key, one.from - 1, known) !== "declared");
    for (const one of told) {
      if (one.from < from || to < one.from) continue;
      const before = states[states.indexOf(one) - 1];
      if (before?.to === one.from) found.push({ at: one.from, kind: "changed", node: key, edge: null });
      else if (key === scene.focus) found.push({ at: one.from, kind: "appeared", node: key, edge: null });
    }
  }
  const name = (one: Happening): string => one.edge?.id ?? one.node ?? "";
  return found.sort((a, b) => a.at - b.at || (name(a) < name(b) ? -1 : 1));
}

/** What a change is called. */
export function happeningName(facts: Facts, typeLabel: (type: string) => string, one: Happening): string {
  const name = (key: string): string => facts.nodes.get(key)?.name ?? key;
  return one.edge ? `${name(one.edge.source)} ${typeLabel(one.edge.type)} ${name(one.edge.target)}` : name(one.node ?? "");
}
