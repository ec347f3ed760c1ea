/**
 * Where everything is drawn: columns by signed distance, order by barycentre, ties by kind and key. A pure function of the union graph of a window,
 * so that moving through time moves nothing.
 */

export interface LayoutNode {
  readonly key: string;
  readonly kind: string;
  /** Signed distance: negative to the left (what leads here), positive to the right, 0 in the middle. */
  readonly hop: number;
  /** When it is there, within the window: sorted, half-open, not touching. */
  readonly spans: readonly (readonly [number, number])[];
}

export interface LayoutEdge {
  readonly source: string;
  readonly target: string;
}

export interface LayoutOptions {
  readonly drawnMax: number;
  /** How many of one kind in one column before the rest is folded. */
  readonly groupMax: number;
  /** Groups that are not to be folded, as far as `drawnMax` allows. */
  readonly expanded: ReadonlySet<string>;
  /** Whether those that are never there together, and hang on the same things, may share a place. */
  readonly share: boolean;
  readonly rowsMax: number;
}

export interface Place {
  readonly x: number;
  readonly y: number;
  readonly hop: number;
  /** Where the column begins, seen from the middle: lines run straight behind it. */
  readonly gate: number;
  /** Whether others use this place at other times. */
  readonly shared: boolean;
}

export interface Fold extends Place {
  /** Names the group: column and kind. */
  readonly id: string;
  readonly kind: string;
  readonly keys: readonly string[];
}

export interface Layout {
  readonly places: ReadonlyMap<string, Place>;
  readonly folds: readonly Fold[];
  readonly minX: number;
  readonly minY: number;
  readonly width: number;
  readonly height: number;
}

export const NODE_WIDTH = 188;
export const NODE_HEIGHT = 44;
const ROW = 54;
const COLUMN_GAP = 96;
const SUBCOLUMN_GAP = 20;

export const DEFAULTS: LayoutOptions = { drawnMax: 200, groupMax: 16, expanded: new Set(), share: true, rowsMax: 9 };

interface Slot {
  /** The first key in it names it. */
  readonly key: string;
  readonly kind: string;
  readonly hop: number;
  readonly keys: string[];
  readonly fold: string | null;
}

const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

export const groupId = (hop: number, kind: string): string => `${hop}:${kind}`;

function neighbours(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>(nodes.map((one) => [one.key, new Set<string>()]));
  for (const { source, target } of edges) {
    if (source === target || !found.has(source) || !found.has(target)) continue;
    found.get(source)?.add(target);
    found.get(target)?.add(source);
  }
  return found;
}

const disjoint = (taken: readonly (readonly [number, number])[], spans: LayoutNode["spans"]): boolean =>
  taken.every(([from, to]) => spans.every((one) => one[1] <= from || to <= one[0]));

/** Nodes of one group into slots: each its own, or shared by those that are never there together. */
function slotsOf(group: readonly LayoutNode[], near: ReadonlyMap<string, ReadonlySet<string>>, share: boolean): LayoutNode[][] {
  const ordered = [...group].sort((a, b) => (a.spans[0]?.[0] ?? 0) - (b.spans[0]?.[0] ?? 0) || byText(a.key, b.key));
  if (!share) return ordered.map((one) => [one]);
  const slots: { nodes: LayoutNode[]; taken: (readonly [number, number])[]; hangs: string }[] = [];
  for (const node of ordered) {
    const hangs = [...(near.get(node.key) ?? [])].sort(byText).join("\n");
    const free = node.spans.length ? slots.find((slot) => slot.hangs === hangs && disjoint(slot.taken, node.spans)) : undefined;
    if (free) {
      free.nodes.push(node);
      free.taken.push(...node.spans);
    } else {
      slots.push({ nodes: [node], taken: [...node.spans], hangs });
    }
  }
  return slots.map((slot) => slot.nodes);
}

/** How many of each group are drawn, so that all of them are at most `drawnMax`: the largest groups give first. */
function quotas(sizes: ReadonlyMap<string, number>, options: LayoutOptions): Map<string, number> {
  const found = new Map<string, number>();
  const limit = (id: string, size: number, group: number): number => {
    const most = options.expanded.has(id) ? size : Math.min(size, group);
    // A fold of one would take the place of the one.
    return most === size - 1 ? size : most;
  };
  const drawn = (group: number, cap: number): number => {
    let sum = 0;
    for (const [id, size] of sizes) {
      const most = Math.min(limit(id, size, group), cap);
      found.set(id, most);
      sum += most + (most < size ? 1 : 0);
    }
    return sum;
  };
  let cap = Math.max(1, options.drawnMax);
  let group = options.groupMax;
  while (drawn(group, cap) > options.drawnMax && (group > 1 || cap > 0)) {
    if (cap > group) cap = Math.max(group, Math.floor(cap * 0.8));
    else {
      group = Math.max(1, group - 1);
      cap = group === 1 && cap === 1 ? 0 : group;
    }
  }
  return found;
}

/** Place the nodes. The same input gives the same output, in whatever order it comes. */
export function layout(nodes: readonly LayoutNode[], edges: readonly LayoutEdge[], options: LayoutOptions = DEFAULTS): Layout {
  const near = neighbours(nodes, edges);
  const groups = new Map<string, LayoutNode[]>();
  for (const node of [...nodes].sort((a, b) => byText(a.key, b.key))) {
    const id = groupId(node.hop, node.kind);
    const group = groups.get(id);
    if (group) group.push(node);
    else groups.set(id, [node]);
  }
  const ids = [...groups.keys()].sort(byText);
  const packed = new Map(ids.map((id) => [id, slotsOf(groups.get(id) ?? [], near, options.share)] as const));
  const most = quotas(new Map([...packed].map(([id, slots]) => [id, slots.length])), options);

  const slots: Slot[] = [];
  for (const id of ids) {
    const all = packed.get(id) ?? [];
    const degree = (slot: LayoutNode[]): number => slot.reduce((sum, one) => sum + (near.get(one.key)?.size ?? 0), 0);
    // Those that much hangs on are kept; of equals, the first by key.
    const ranked = [...all].sort((a, b) => degree(b) - degree(a) || byText(a[0]?.key ?? "", b[0]?.key ?? ""));
    const kept = ranked.slice(0, most.get(id) ?? 0);
    const rest = ranked.slice(kept.length).flat();
    const { hop, kind } = all[0]?.[0] as LayoutNode;
    for (const one of kept) slots.push({ key: one[0]?.key as string, kind, hop, keys: one.map((node) => node.key), fold: null });
    // "\uffff" sorts behind every key: the rest comes last.
    if (rest.length) slots.push({ key: `\uffff${id}`, kind, hop, keys: rest.map((node) => node.key).sort(byText), fold: id });
  }
  return place(order(slots, near), options.rowsMax);
}

/** The slots of each column in their order, columns from left to right. */
function order(slots: readonly Slot[], near: ReadonlyMap<string, ReadonlySet<string>>): Map<number, Slot[]> {
  const slotOf = new Map(slots.flatMap((slot) => slot.keys.map((key) => [key, slot] as const)));
  const columns = new Map<number, Slot[]>();
  const ties = (a: Slot, b: Slot): number =>
    Number(a.fold !== null) - Number(b.fold !== null) || byText(a.kind, b.kind) || byText(a.key, b.key);
  for (const hop of [...new Set(slots.map((slot) => slot.hop))].sort((a, b) => a - b)) {
    columns.set(hop, slots.filter((slot) => slot.hop === hop).sort((a, b) => byText(a.kind, b.kind) || byText(a.key, b.key)));
  }
  const rank = new Map<Slot, number>();
  const number = (column: readonly Slot[]): void => {
    column.forEach((slot, index) => rank.set(slot, index - (column.length - 1) / 2));
  };
  for (const column of columns.values()) number(column);
  const sweep = (hop: number, towards: number): void => {
    const column = columns.get(hop);
    if (!column || Math.abs(hop) < 1) return;
    const centre = new Map<Slot, number>();
    for (const slot of column) {
      let sum = 0;
      let count = 0;
      for (const key of slot.keys) {
        for (const other of near.get(key) ?? []) {
          const there = slotOf.get(other);
          if (there?.hop !== towards) continue;
          sum += rank.get(there) ?? 0;
          count++;
        }
      }
      // Rounded, so that sums in another order are the same.
      centre.set(slot, count ? Math.round((sum / count) * 1e6) / 1e6 : (rank.get(slot) ?? 0));
    }
    column.sort((a, b) => (centre.get(a) ?? 0) - (centre.get(b) ?? 0) || ties(a, b));
    number(column);
  };
  const outwards = [...columns.keys()].sort((a, b) => Math.abs(a) - Math.abs(b) || a - b);
  for (let round = 0; round < 3; round++) {
    for (const hop of outwards) sweep(hop, hop - Math.sign(hop));
    if (round < 2) for (const hop of [...outwards].reverse()) if (columns.has(hop + Math.sign(hop)) && Math.abs(hop) > 1) sweep(hop, hop + Math.sign(hop));
  }
  return columns;
}

function place(columns: ReadonlyMap<number, readonly Slot[]>, rowsMax: number): Layout {
  const places = new Map<string, Place>();
  const folds: Fold[] = [];
  const bounds = { minX: 0, maxX: NODE_WIDTH, minY: 0, maxY: NODE_HEIGHT };
  const put = (slot: Slot, x: number, y: number, gate: number): void => {
    const at = { x, y, hop: slot.hop, gate, shared: slot.fold === null && slot.keys.length > 1 };
    if (slot.fold !== null) folds.push({ ...at, id: slot.fold, kind: slot.kind, keys: slot.keys });
    else for (const key of slot.keys) places.set(key, at);
    bounds.minX = Math.min(bounds.minX, x);
    bounds.maxX = Math.max(bounds.maxX, x + NODE_WIDTH);
    bounds.minY = Math.min(bounds.minY, y);
    bounds.maxY = Math.max(bounds.maxY, y + NODE_HEIGHT);
  };
  const tallest = (column: readonly Slot[]): number => Math.max(rowsMax, Math.ceil(Math.sqrt(column.length * 3)));
  const fill = (column: readonly Slot[], edge: number, sign: number): number => {
    const rows = Math.ceil(column.length / Math.ceil(column.length / tallest(column)));
    let outer = edge;
    for (let start = 0, sub = 0; start < column.length; start += rows, sub++) {
      const part = column.slice(start, start + rows);
      const x = edge + sign * sub * (NODE_WIDTH + SUBCOLUMN_GAP);
      // Every other column half a row lower, so that lines to it pass between the cards of the one before.
      const top = (-(rows - 1) / 2 + (sub % 2) / 2) * ROW;
      part.forEach((slot, index) => put(slot, sign < 0 ? x - NODE_WIDTH : x, top + index * ROW, edge));
      outer = x + sign * NODE_WIDTH;
    }
    return outer + sign * COLUMN_GAP;
  };
  fill(columns.get(0) ?? [], 0, 1);
  let left = -COLUMN_GAP;
  let right = NODE_WIDTH + COLUMN_GAP;
  const hops = [...columns.keys()];
  for (const hop of hops.filter((one) => one > 0)) right = fill(columns.get(hop) ?? [], right, 1);
  for (const hop of hops.filter((one) => one < 0).reverse()) left = fill(columns.get(hop) ?? [], left, -1);
  const { minX, minY, maxX, maxY } = bounds;
  return { places, folds, minX, minY, width: maxX - minX, height: maxY - minY };
}
