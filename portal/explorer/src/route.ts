/** Where somebody is: all of it is in the address, so that it can be sent, kept, and gone back to. Pure. */

export const PAGES = ["home", "entity", "activity", "flow", "health"] as const;
export const TABS = ["overview", "history", "relationships", "events", "impact", "compare", "why"] as const;
export const DIRECTIONS = ["both", "in", "out"] as const;
export const CHANGE_KINDS = ["APPEARED", "CHANGED", "ENDED"] as const;
const DEPTHS = ["1", "2", "3"] as const;
const VIEWS = ["graph", "table"] as const;
const SIDES = ["dependents", "dependencies"] as const;
const SPANS = ["fit", "7", "30", "90", "365"] as const;

export type Page = (typeof PAGES)[number];
export type Tab = (typeof TABS)[number];

export interface Route {
  readonly page: Page;
  /** Key of the entity that is looked at. */
  readonly entity: string;
  readonly tab: Tab;
  /** RFC 3339 or epoch milliseconds; empty: now, all that is known, nothing. */
  readonly valid: string;
  readonly known: string;
  readonly compare: string;
  /** `1`: the second clock goes with the first. */
  readonly then: string;
  readonly view: (typeof VIEWS)[number];
  readonly direction: (typeof DIRECTIONS)[number];
  readonly depth: (typeof DEPTHS)[number];
  readonly span: (typeof SPANS)[number];
  /** Which way an impact goes. */
  readonly impact: (typeof SIDES)[number];
  /** Kinds that the legend of the picture has turned off, by comma. */
  readonly hide: string;
  /** Groups that were unfolded by hand, by comma. */
  readonly unfolded: string;
  /** What is selected in the picture: the key of an entity, or the id of a relationship as the element gives it. */
  readonly selected: string;
  /** Only these kinds and relationship types, by comma. */
  readonly kinds: string;
  readonly types: string;
  /** Of the activity: only this sort of change. */
  readonly what: "" | (typeof CHANGE_KINDS)[number];
  /** `1`: only what altered the past; of a history: also what is no longer believed. */
  readonly corrections: string;
  /** The relationship that is asked about. */
  readonly rel: string;
  readonly target: string;
  /** The event that is looked at, or the flow of work. */
  readonly source: string;
  readonly event: string;
  readonly correlation: string;
}

export const HOME: Route = {
  page: "home", entity: "", tab: "overview", valid: "", known: "", compare: "", then: "", view: "graph", direction: "both", depth: "1", span: "fit", impact: "dependents", hide: "", unfolded: "", selected: "",
  kinds: "", types: "", what: "", corrections: "", rel: "", target: "", source: "", event: "", correlation: "",
};

const CHOICES: Partial<Record<keyof Route, readonly string[]>> = {
  page: PAGES, tab: TABS, view: VIEWS, direction: DIRECTIONS, depth: DEPTHS, span: SPANS, impact: SIDES, what: ["", ...CHANGE_KINDS], corrections: ["", "1"], then: ["", "1"],
};

/** What a page goes by; anything else of a route is left behind on the way to another page. */
const CLOCKS = ["valid", "known", "then"] as const;
const OWN: Readonly<Record<Page, readonly (keyof Route)[]>> = {
  home: [...CLOCKS, "kinds"],
  entity: [...CLOCKS, "entity", "tab", "compare", "view", "direction", "depth", "span", "impact", "hide", "unfolded", "selected", "kinds", "types", "corrections", "rel", "target"],
  activity: ["kinds", "types", "what", "corrections", "entity"],
  flow: ["source", "event", "correlation"],
  health: [],
};

const LONGEST = 4_000;

/** The route that an address means. What cannot be meant is as if it were not there. */
export function read(search: string): Route {
  const found: Record<string, string> = { ...HOME };
  for (const [name, value] of new URLSearchParams(search)) {
    if (!Object.hasOwn(HOME, name) || value.length > LONGEST) continue;
    const choices = CHOICES[name as keyof Route];
    if (!choices || choices.includes(value)) found[name] = value;
  }
  if (found["page"] === "home" && found["entity"]) found["page"] = "entity";
  if (found["page"] === "entity" && !found["entity"]) found["page"] = "home";
  return bare(found as unknown as Route);
}

/** Where a step leads from here. What was selected or unfolded belongs to the entity that it was done at. */
export function step(from: Route, patch: Partial<Route>): Route {
  const elsewhere = patch.entity !== undefined && patch.entity !== from.entity;
  return bare({ ...from, ...(elsewhere ? { selected: "", unfolded: "" } : {}), ...patch });
}

/** A route with nothing in it that its page does not go by. */
export function bare(route: Route): Route {
  const kept = new Set<string>(["page", ...OWN[route.page]]);
  return Object.fromEntries(Object.entries(HOME).map(([name, value]) => [name, kept.has(name) ? route[name as keyof Route] : value])) as unknown as Route;
}

/** The address of a route, from the question mark on; empty for the first page. Keys stay readable. */
export function write(route: Route): string {
  const said = Object.entries(bare(route)).filter(
    ([name, value]) => value !== HOME[name as keyof Route] && !(name === "page" && value === "entity"),
  );
  const readable = (text: string): string => encodeURIComponent(text).replaceAll("%3A", ":").replaceAll("%2F", "/").replaceAll("%2C", ",").replaceAll("%40", "@");
  return said.length ? `?${said.map(([name, value]) => `${name}=${readable(value)}`).join("&")}` : "";
}

export const listOf = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);
