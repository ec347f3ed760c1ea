import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cascade, eventName, lasting, type Branch } from "@explorer/cascade.js";
import { rank } from "@explorer/rank.js";
import { CHANGE_KINDS, DIRECTIONS, HOME, PAGES, TABS, bare, read, step, write, type Route } from "@explorer/route.js";
import { actorOf, csv } from "@explorer/values.js";
import { differing, madeBy } from "@explorer/versions.js";

const text = fc.string({ unit: "grapheme", maxLength: 60 });
const route: fc.Arbitrary<Route> = fc.record({
  page: fc.constantFrom(...PAGES), entity: text, tab: fc.constantFrom(...TABS), valid: text, known: text, compare: text, then: fc.constantFrom("", "1"),
  view: fc.constantFrom("graph" as const, "table" as const), direction: fc.constantFrom(...DIRECTIONS), depth: fc.constantFrom("1" as const, "2" as const, "3" as const),
  span: fc.constantFrom("fit" as const, "30" as const), impact: fc.constantFrom("dependents" as const, "dependencies" as const), hide: text, unfolded: text, selected: text, kinds: text, types: text, what: fc.constantFrom("" as const, ...CHANGE_KINDS), corrections: fc.constantFrom("", "1"),
  rel: text, target: text, source: text, event: text, correlation: text,
});

describe("addresses", () => {
  it("say all of a route, and are read back as it", () => {
    fc.assert(
      fc.property(route, (one) => {
        const meant = bare(one.page === "entity" && !one.entity ? { ...one, page: "home" } : one.page === "home" ? { ...one, entity: "" } : one);
        expect(read(write(meant))).toEqual(meant);
      }),
    );
  });
  it("of any kind lead somewhere", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (one) => void expect(PAGES).toContain(read(one).page)));
    expect(read("?page=%00&tab=nonsense&depth=99&valid=" + "9".repeat(9_000))).toEqual(HOME);
  });
  it("leave behind what was selected at another entity, and keep it at the same", () => {
    const here: Route = { ...HOME, page: "entity", entity: "service:a", selected: "service:b", unfolded: "1:team", impact: "dependencies", hide: "team" };
    expect(step(here, { entity: "service:c" })).toEqual({ ...here, entity: "service:c", selected: "", unfolded: "" });
    expect(step(here, { entity: "service:a", tab: "impact" })).toEqual({ ...here, tab: "impact" });
    expect(step(here, { entity: "service:c", selected: "service:d" }).selected).toBe("service:d");
    expect(step(here, { page: "health" })).toEqual({ ...HOME, page: "health" });
  });
  it("carry a relationship that is selected, whatever its ends are called", () => {
    const selected = JSON.stringify(["service:a b", "CALLS", 'service:"<b>', ""]);
    expect(read(write({ ...HOME, page: "entity", entity: "service:a", selected })).selected).toBe(selected);
  });
  it("stay readable", () => {
    expect(write({ ...HOME, page: "entity", entity: "component:default/orders@eu", valid: "2026-03-01T00:00:00Z" })).toBe("?entity=component:default/orders@eu&valid=2026-03-01T00:00:00Z");
    expect(write(HOME)).toBe("");
    expect(write({ ...HOME, page: "entity", entity: "a&b=#?+ é" })).toBe("?entity=a%26b%3D%23%3F%2B%20%C3%A9");
  });
});

const event = (id: string, cause: string | null, second: number, source = "/s") => ({
  source, eventId: id, type: "t", time: new Date(second * 1000).toISOString(), recordedAt: new Date(second * 1000).toISOString(), correlationId: "c", causationId: cause,
});

describe("a cascade", () => {
  const names = (branches: readonly Branch[]): unknown[] => branches.map((one) => [one.event.eventId, names(one.below)]);
  it("has each event below its cause, in order of time", () => {
    expect(names(cascade([event("c", "a", 3), event("a", null, 1), event("b", "a", 2), event("d", "c", 4)]))).toEqual([["a", [["b", []], ["c", [["d", []]]]]]]);
  });
  it("has every event once, also where causes go in circles or are not there", () => {
    const some = fc.array(fc.record({ id: fc.constantFrom("a", "b", "c", "d", "e"), cause: fc.option(fc.constantFrom("a", "b", "c", "d", "z")), second: fc.integer({ min: 0, max: 5 }), source: fc.constantFrom("/s", "/t") }), { maxLength: 12 });
    fc.assert(
      fc.property(some, (all) => {
        const events = all.map((one) => event(one.id, one.cause, one.second, one.source));
        const flat = (branches: readonly Branch[]): string[] => branches.flatMap((one) => [eventName(one.event), ...flat(one.below)]);
        expect(flat(cascade(events)).sort()).toEqual([...new Set(events.map(eventName))].sort());
      }),
    );
  });
  it("tells spans in two units", () => {
    expect([0, 5, 1_500, 3_600_000, 90_000_000, 86_400_000 * 7 + 1].map(lasting)).toEqual(["0 s", "5 ms", "1 s 500 ms", "1 h", "1 d 1 h", "7 d"]);
  });
});

describe("search", () => {
  const entity = (key: string, name: string) => ({ key, name, kind: key.split(":")[0] ?? "", declared: true, ended: false });
  it("puts what begins like the text before what only has it, and the shorter first", () => {
    const all = [entity("topic:x", "Old checkout"), entity("release:checkout-4.1", "checkout-4.1"), entity("service:checkout", "Checkout"), entity("team:web", "Web")];
    expect([...all].sort((a, b) => rank(a, "check") - rank(b, "check")).map((one) => one.key)).toEqual(["service:checkout", "release:checkout-4.1", "topic:x", "team:web"]);
    expect(rank(all[2]!, "service:checkout")).toBe(0);
  });
});

const version = (validFrom: string, properties: Record<string, unknown>, changed: string[]) => ({
  properties, changed, validFrom, validTo: null, knownFrom: validFrom, knownTo: null, endedBy: null, event: { ...event(validFrom, null, 0), data: {} },
});

describe("versions", () => {
  const first = version("2026-01-01T00:00:00Z", { a: 1, b: 2 }, ["a", "b"]);
  const second = version("2026-02-01T00:00:00Z", { a: 3 }, ["a"]);
  it("tell what came, went and changed", () => {
    expect(differing(second, first)).toEqual([{ name: "a", was: 1, is: 3 }, { name: "b", was: 2, is: undefined }]);
    expect(differing(first, null).map((one) => one.name)).toEqual(["a", "b"]);
  });
  it("tell which event gave a property its value", () => {
    expect(madeBy([first, second], "a")).toBe(second);
    expect(madeBy([first, second], "b")).toBe(first);
    expect(madeBy([first, second], "zzz")).toBeNull();
  });
});

describe("values", () => {
  it("name who did it, where the data says so", () => {
    expect([{ actor: "ann" }, { user: { login: "bob" } }, { by: 3 }, null, "text", []].map(actorOf)).toEqual(["ann", "bob", null, null, null, null]);
  });
  it("are no formulas in a spreadsheet", () => {
    expect(csv([["=1+1", 'say "hi"', "a,b", -3, null]])).toBe('\'=1+1,"say ""hi""","a,b",-3,\r\n');
  });
});
