// Promises of the small parts: instants, event streams, the probes of a window, CSV, cutting of names.
import fc from "fast-check";
import { EventLines } from "@element/client.js";
import { probes } from "@element/load.js";
import { fitted, isRtl } from "@element/marks.js";
import { windowOf } from "@element/session.js";
import { csvOf } from "@element/table-view.js";
import { DAY, parseInstant, write } from "@element/time.js";
import { binned } from "@element/time-view.js";
import { en } from "@element/words/en.js";
import { wordsFor } from "@element/words/index.js";

test("an instant is written and read back to the microsecond", () => {
  fc.assert(fc.property(fc.integer({ min: 0, max: 4_000_000_000_000_000 }), (at) => {
    expect(parseInstant(write(at))).toBe(at);
  }));
});

test("what is no instant is refused, as the service does", () => {
  for (const text of ["", "yesterday", "2026-03-01", "2026-03-01T09:30:00", "12345", "2026-13-01T00:00:00Z", "2026-02-31T00:00:00Z", "2026-02-29T00:00:00+05:00", "2026-01-01T24:00:00Z"]) expect(parseInstant(text)).toBeNull();
  expect(parseInstant("2028-02-29t23:59:59.5z")).toBe(parseInstant("2028-02-29T23:59:59.500Z"));
  expect(parseInstant("2026-03-01T09:30:00+02:00")).toBe(parseInstant("2026-03-01T07:30:00Z"));
  expect(parseInstant("1772357400000")).toBe(parseInstant("2026-03-01T09:30:00Z"));
});

test("an event stream is read alike, however it is cut into pieces", () => {
  const text = ':\n\nevent: next\nid: 1\ndata: {"a":1}\n\n:\n\nevent: next\r\ndata: {"b":\ndata: 2}\r\n\r\nevent: complete\ndata:\n\n';
  const whole = new EventLines().push(text);
  expect(whole.map((one) => one.event)).toEqual(["next", "next", "complete"]);
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 20, maxLength: 40 }), (cuts) => {
      // A return at the end of a piece belongs to the line feed of the next.
      const lines = new EventLines();
      const plain = text.replaceAll("\r\n", "\n");
      const found = [];
      let start = 0;
      for (const cut of [...cuts, plain.length]) {
        found.push(...lines.push(plain.slice(start, start + cut)));
        start += cut;
      }
      expect(found).toEqual(whole);
    }),
  );
});

test("the probes of a window are within it, few, and have its ends", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -50, max: 150 }), { maxLength: 80 }), fc.integer({ min: 4, max: 24 }), (moments, most) => {
      const found = probes(0, 100, moments, most);
      expect(found.length).toBeLessThanOrEqual(most);
      expect([found[0], found.at(-1)]).toEqual([0, 100]);
      expect([...found].sort((a, b) => a - b)).toEqual(found);
    }),
  );
});

test("a window always holds the instants that are asked for", () => {
  const time = fc.integer({ min: 0, max: 4000 }).map((day) => day * DAY);
  fc.assert(
    fc.property(time, fc.option(time), fc.option(time), fc.constantFrom("fit", "7", "30", "365"), fc.array(time), (now, valid, compareTo, span, moments) => {
      const { from, to } = windowOf({ valid, compareTo, span }, now, moments);
      for (const at of [valid ?? now, ...(compareTo === null ? [] : [compareTo])]) expect(from <= at && at <= to).toBe(true);
      expect(to).toBeGreaterThan(from);
    }),
  );
});

test("every change is in exactly one bar", () => {
  const kinds = ["appeared", "changed", "ended"] as const;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 1000 }), fc.constantFrom(...kinds))), (found) => {
      const bins = binned(found.map(([at, kind]) => ({ at, kind, node: "x", edge: null })), 0, 1000, 17);
      expect(bins.reduce((sum, bin) => sum + bin.appeared + bin.changed + bin.ended, 0)).toBe(found.length);
    }),
  );
});

test("CSV quotes what must be quoted, and makes no formula of a name", () => {
  const item = {
    distance: 1, score: 0.5,
    entity: { key: "service:a,b", kind: "service", name: '=HYPERLINK("x")', declared: true, ended: false, validFrom: null, validTo: null, knownFrom: null, properties: {}, owners: { edges: [] } },
    path: { entities: [], relationships: [] },
  };
  const impact = { count: 1, unknown: [], truncated: null, owners: [], items: [item], basis: { valid: "", known: "", watermark: null, stable: true, deadLetters: 0 } };
  expect(csvOf(impact, en).split("\r\n")[1]).toBe('1,"service:a,b","\'=HYPERLINK(""x"")",service,,0.5,');
});

test("long names are cut between characters, and the direction of a script is known", () => {
  const cut = fitted("👩‍🚀".repeat(200), 100, "13px x");
  expect(cut.length).toBeLessThan(60);
  expect(cut.endsWith("…")).toBe(true);
  expect(cut.isWellFormed?.() ?? true).toBe(true);
  expect(isRtl("שירות ab")).toBe(true);
  expect(isRtl("12 خدمة")).toBe(true);
  expect(isRtl("Checkout שירות")).toBe(false);
});

test("an unknown language is English", () => {
  expect(wordsFor("xx-YY")).toBe(en);
});
