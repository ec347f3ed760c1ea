import { ask, type Access } from "@element/client.js";
import { Versions, type Stretch, type VersionsData, type VersionsVariables } from "./generated.js";
import { properties } from "./values.js";

/** The versions of an entity, and what they say about each other. */

const PAGE = 200;
const PAGES_MAX = 10;

export interface AllVersions {
  /** What it has at the point asked for; null when it is not there. */
  readonly properties: unknown;
  /** Oldest first. */
  readonly versions: readonly Stretch[];
  /** There are newer ones than these, which were not read. */
  readonly cut: boolean;
}

/** All versions, up to 2,000: the API gives the oldest first, and what is looked at is mostly the newest. */
export async function allVersions(access: Access, wanted: Omit<VersionsVariables, "first" | "after">, signal: AbortSignal): Promise<AllVersions> {
  const versions: Stretch[] = [];
  let is: unknown = null;
  let after: string | null = null;
  for (let page = 0; page < PAGES_MAX; page++) {
    const { entity }: VersionsData = await ask(access, Versions, { ...wanted, first: PAGE, after }, signal);
    if (!entity) break;
    if (page === 0) is = entity.properties;
    versions.push(...entity.history.edges.map((edge) => edge.node));
    if (!entity.history.pageInfo.hasNextPage) return { properties: is, versions, cut: false };
    after = entity.history.pageInfo.endCursor;
  }
  return { properties: is, versions, cut: versions.length > 0 };
}

/** Since when it was known: where only its end was learnt later, since the event that began it. */
export const knownSince = (one: Stretch): string => (one.event.recordedAt < one.knownFrom ? one.event.recordedAt : one.knownFrom);

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
