import type { Stretch } from "./generated.js";
import { properties } from "./values.js";

/** What the versions of an entity say about each other. Pure. */

/** Who gave a property the value that it has: the newest version, up to the one that is looked at, in which it changed. */
export function madeBy(versions: readonly Stretch[], name: string): Stretch | null {
  const order = [...versions].sort((a, b) => (a.validFrom < b.validFrom ? 1 : -1));
  return order.find((one) => one.changed.includes(name)) ?? null;
}

/** How a version differs from the one before it, property by property. */
export function differing(now: Stretch, before: Stretch | null): { name: string; was: unknown; is: unknown }[] {
  const is = properties(now.properties);
  const was = properties(before?.properties);
  return [...new Set([...now.changed, ...Object.keys(was).filter((name) => before !== null && !(name in is))])].sort().map((name) => ({ name, was: was[name], is: is[name] }));
}
