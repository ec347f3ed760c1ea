// Promises of the layout: deterministic, nothing over anything, nothing left out uncounted, and stable through time.
import fc from "fast-check";
import { DEFAULTS, NODE_HEIGHT, NODE_WIDTH, layout, type Layout, type LayoutEdge, type LayoutNode } from "@element/layout.js";

const KINDS = ["service", "library", "team"];

const graph = (most: number) =>
  fc
    .record({
      nodes: fc.uniqueArray(
        fc.record({
          key: fc.string({ minLength: 1, maxLength: 12 }),
          kind: fc.constantFrom(...KINDS),
          hop: fc.constantFrom(-2, -1, 1, 2),
          start: fc.integer({ min: 0, max: 90 }),
          length: fc.integer({ min: 1, max: 60 }),
        }),
        { selector: (one) => one.key, maxLength: most },
      ),
      links: fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: most * 2 }),
    })
    .map(({ nodes, links }) => {
      const placed: LayoutNode[] = [
        { key: "\u0000focus", kind: "service", hop: 0, spans: [] },
        ...nodes.map(({ key, kind, hop, start, length }): LayoutNode => ({ key, kind, hop, spans: [[start, start + length]] })),
      ];
      const edges: LayoutEdge[] = links.map(([a, b]) => ({ source: placed[a % placed.length]!.key, target: placed[b % placed.length]!.key }));
      return { nodes: placed, edges };
    });

const shuffled = <T>(items: readonly T[], seed: number): T[] =>
  items.map((item, index) => ({ item, rank: ((index + 1) * 7919 * (seed + 1)) % 104729 })).sort((a, b) => a.rank - b.rank).map(({ item }) => item);

const plain = (found: Layout) => ({ ...found, places: [...found.places].sort(([a], [b]) => (a < b ? -1 : 1)) });

test("the order of the input does not matter", () => {
  fc.assert(
    fc.property(graph(60), fc.nat(50), ({ nodes, edges }, seed) => {
      expect(plain(layout(shuffled(nodes, seed), shuffled(edges, seed)))).toEqual(plain(layout(nodes, edges)));
    }),
    { numRuns: 150 },
  );
});

test("every node is drawn or counted in a fold of its kind and column, and at most 200 are drawn", () => {
  fc.assert(
    fc.property(graph(400), fc.boolean(), ({ nodes, edges }, open) => {
      const expanded = new Set(open ? KINDS.flatMap((kind) => [-2, -1, 1, 2].map((hop) => `${hop} ${kind}`)) : []);
      const found = layout(nodes, edges, { ...DEFAULTS, expanded });
      const folded = found.folds.flatMap((fold) => fold.keys);
      expect([...found.places.keys(), ...folded].sort()).toEqual(nodes.map((one) => one.key).sort());
      const spots = new Set([...found.places.values()].map(({ x, y }) => `${x},${y}`));
      expect(spots.size + found.folds.length).toBeLessThanOrEqual(200);
      for (const fold of found.folds) {
        for (const key of fold.keys) expect(nodes.find((one) => one.key === key)).toMatchObject({ kind: fold.kind, hop: fold.hop });
      }
    }),
    { numRuns: 40 },
  );
});

test("cards never overlap, but for those that are never there together", () => {
  fc.assert(
    fc.property(graph(80), ({ nodes, edges }) => {
      const found = layout(nodes, edges);
      const spans = new Map(nodes.map((one) => [one.key, one.spans]));
      const all = [...found.places].map(([key, at]) => ({ key, ...at }));
      all.forEach((a, index) => {
        for (const b of all.slice(index + 1)) {
          const over = Math.abs(a.x - b.x) < NODE_WIDTH && Math.abs(a.y - b.y) < NODE_HEIGHT;
          if (!over) continue;
          expect([a.x, a.y, a.shared, b.shared]).toEqual([b.x, b.y, true, true]);
          const together = (spans.get(a.key) ?? []).some(([from, to]) => (spans.get(b.key) ?? []).some((one) => from < one[1] && one[0] < to));
          expect(together).toBe(false);
        }
      });
    }),
    { numRuns: 60 },
  );
});

test("what leads here is on the left, what it leads to on the right, farther away farther out", () => {
  fc.assert(
    fc.property(graph(60), ({ nodes, edges }) => {
      const found = layout(nodes, edges);
      const hop = new Map(nodes.map((one) => [one.key, one.hop]));
      const all = [...found.places].map(([key, at]) => ({ hop: hop.get(key)!, x: at.x }));
      for (const a of all) for (const b of all) if (a.hop < b.hop) expect(a.x).toBeLessThan(b.x);
    }),
    { numRuns: 60 },
  );
});

test("200 nodes are laid out in much less than 150 ms", () => {
  const nodes: LayoutNode[] = [{ key: "focus", kind: "service", hop: 0, spans: [] }];
  const edges: LayoutEdge[] = [];
  for (let at = 0; at < 199; at++) {
    const hop = at < 60 ? (at % 2 ? 1 : -1) : at % 2 ? 2 : -2;
    nodes.push({ key: `n${at}`, kind: KINDS[at % 3]!, hop, spans: [[0, 100]] });
    edges.push({ source: `n${at}`, target: at < 60 ? "focus" : `n${at % 60}` }, { source: `n${at}`, target: `n${(at * 7) % 199}` });
  }
  const took: number[] = [];
  for (let round = 0; round < 9; round++) {
    const began = performance.now();
    layout(nodes, edges);
    took.push(performance.now() - began);
  }
  expect(took.sort((a, b) => a - b)[4]).toBeLessThan(75);
});
