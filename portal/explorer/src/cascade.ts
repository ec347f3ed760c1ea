import type { EventLine } from "./generated.js";

/** Events of one flow of work as a tree: each below the one that caused it. Pure. */

export interface Branch {
  readonly event: EventLine;
  readonly below: readonly Branch[];
}

export const eventName = (event: Pick<EventLine, "source" | "eventId">): string => `${event.source}\n${event.eventId}`;

/** A cause is named by its id alone: one of the same source is meant first, and one that happened before in doubt. */
export function cascade(events: readonly EventLine[]): Branch[] {
  const all = [...new Map(events.map((one) => [eventName(one), one])).values()].sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : eventName(a) < eventName(b) ? -1 : 1));
  const byId = new Map<string, EventLine[]>();
  for (const one of all) byId.set(one.eventId, [...(byId.get(one.eventId) ?? []), one]);
  const causeOf = (one: EventLine): EventLine | null => {
    const named = (one.causationId === null ? [] : (byId.get(one.causationId) ?? [])).filter((other) => other !== one);
    return named.find((other) => other.source === one.source) ?? named[0] ?? null;
  };
  const below = new Map<EventLine | null, EventLine[]>();
  for (const one of all) {
    let cause = causeOf(one);
    // What is said to cause itself, by however many steps, stands at the top.
    const seen = new Set([one]);
    for (let up = cause; up !== null; up = causeOf(up)) {
      if (seen.has(up)) {
        cause = null;
        break;
      }
      seen.add(up);
    }
    below.set(cause, [...(below.get(cause) ?? []), one]);
  }
  const grow = (event: EventLine): Branch => ({ event, below: (below.get(event) ?? []).map(grow) });
  return (below.get(null) ?? []).map(grow);
}

/** A span of time in its largest two units, as 3 d 4 h. */
export function lasting(ms: number): string {
  const units: readonly (readonly [string, number])[] = [["d", 86_400_000], ["h", 3_600_000], ["min", 60_000], ["s", 1_000], ["ms", 1]];
  const first = units.findIndex(([, size]) => ms >= size);
  if (first < 0) return "0 s";
  let rest = Math.round(ms);
  return units
    .slice(first, first + 2)
    .map(([name, size]) => {
      const count = Math.floor(rest / size);
      rest -= count * size;
      return count ? `${count} ${name}` : "";
    })
    .filter(Boolean)
    .join(" ");
}
