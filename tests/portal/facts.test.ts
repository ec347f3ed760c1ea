// Promises of what is kept in the page: the same as the fold says, on both clocks, in whatever order it was read.
import fc from "fast-check";
import { Facts, edgeId, print, stateAt, type State } from "@element/facts.js";
import type { ChangeLine, EventLine, Thing, Tie } from "@element/generated.js";
import { write } from "@element/time.js";

const T = 1_700_000_000_000_000;
const at = (step: number): string => write(T + step * 1_000_000);
const event = (step: number): EventLine => ({ source: "/s", eventId: `e${step}`, type: "t", time: at(step), recordedAt: at(step) });
const thing = (key: string, more: Partial<Thing> = {}): Thing => ({
  key, kind: "service", name: key, declared: true, ended: false, validFrom: at(0), validTo: null, knownFrom: at(0), properties: {}, ...more,
});
const tie = (from: number, to: number | null, known: number, properties: unknown = {}): Tie => ({
  type: "CALLS", discriminator: null, properties, validFrom: at(from), validTo: to === null ? null : at(to), knownFrom: at(known),
  source: thing("a"), target: thing("b"), event: { ...event(from), recordedAt: at(known) },
});
const ID = edgeId({ type: "CALLS", source: "a", target: "b", discriminator: null });
const change = (known: number, from: number, to: number | null, there: boolean, value = 0): ChangeLine => ({
  kind: there ? "APPEARED" : "ENDED", corrects: false, validFrom: at(from), validTo: to === null ? null : at(to), recordedAt: at(known), cursor: `${known}`, entity: null,
  relationship: { type: "CALLS", discriminator: null, source: thing("a"), target: thing("b") }, after: there ? { properties: { value } } : null, event: event(known),
});

test("changes painted in the order of landing give, at every point on both clocks, what a naive reading gives", () => {
  const one = fc.record({ from: fc.integer({ min: 0, max: 20 }), length: fc.option(fc.integer({ min: 1, max: 12 })), there: fc.boolean(), value: fc.integer({ min: 0, max: 2 }) });
  fc.assert(
    fc.property(fc.array(one, { maxLength: 8 }), (changes) => {
      const facts = new Facts();
      // One landing per known instant: of several at one instant the log itself never has two for one stretch.
      changes.forEach((c, known) => facts.addChange(change(known + 100, c.from, c.length === null ? null : c.from + c.length, c.there, c.value)));
      for (let known = 99; known <= 100 + changes.length; known++) {
        for (let valid = 0; valid < 40; valid++) {
          let expected: string | null = null;
          changes.slice(0, Math.max(0, known - 99)).forEach((c) => {
            if (c.from <= valid && (c.length === null || valid < c.from + c.length)) expected = c.there ? print({ value: c.value }) : null;
          });
          expect(facts.edgeAt(ID, T + valid * 1_000_000, T + known * 1_000_000)?.print ?? null).toBe(expected);
        }
      }
    }),
    { numRuns: 200 },
  );
});

test("what is read in another order is the same", () => {
  const ties = [tie(0, 5, 6, { v: 1 }), tie(5, 9, 10, { v: 2 }), tie(9, 12, 12, { v: 3 }), tie(20, null, 31)];
  const states = (order: readonly Tie[]): readonly State[] => {
    const facts = new Facts();
    for (const one of order) facts.addTie(one, T, T);
    return facts.edgeStates(ID, Infinity);
  };
  expect(states([...ties].reverse())).toEqual(states(ties));
  expect(states([...ties, ...ties])).toEqual(states(ties));
  expect(states(ties).map((one) => one.print)).toEqual(['{"v":1}', '{"v":2}', '{"v":3}', "{}"]);
  expect(states(ties).map((one) => one.to - one.from)).toEqual([5e6, 4e6, 3e6, Infinity]);
});

test("an entity that is only named is undeclared, one that was declared before has ended", () => {
  const facts = new Facts();
  facts.addThing(thing("x", { declared: false, validFrom: null, knownFrom: null }), T, T);
  expect(facts.standing("x", T, Infinity)).toBe("undeclared");
  facts.addThing(thing("y", { validTo: at(5) }), T, T);
  facts.addThing(thing("y", { declared: false, ended: true, validFrom: null, knownFrom: null }), T + 9_000_000, T);
  expect(facts.standing("y", T + 1_000_000, Infinity)).toBe("declared");
  expect(facts.standing("y", T + 7_000_000, Infinity)).toBe("ended");
});

test("a name that somebody declared is not lost to one who only refers to it", () => {
  const facts = new Facts();
  facts.addThing(thing("x", { name: "The X" }), T, T);
  facts.addThing(thing("x", { name: "x", declared: false, validFrom: null, knownFrom: null }), T, T);
  expect(facts.nodes.get("x")?.name).toBe("The X");
});

test("spans are half-open", () => {
  const states = [{ from: 0, to: 5 }, { from: 5, to: 9 }] as State[];
  expect(stateAt(states, 4)).toBe(states[0]);
  expect(stateAt(states, 5)).toBe(states[1]);
  expect(stateAt(states, 9)).toBeNull();
  expect(stateAt(states, -1)).toBeNull();
});
