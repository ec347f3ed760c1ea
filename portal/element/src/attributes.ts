import { LitElement } from "lit";
import type { ViewName } from "./bar-view.js";
import type { Access, Fetcher } from "./client.js";
import type { Direction } from "./scene.js";
import type { ImpactSide, Settings } from "./session.js";
import { parseInstant, type Micros } from "./time.js";

/** What the attributes say, before anybody looked whether it makes sense. */
export interface Given {
  readonly entity: string | null;
  readonly validAt: string | null;
  readonly knownAt: string | null;
  readonly compareTo: string | null;
  readonly asKnownThen: boolean;
  readonly direction: string;
  readonly depth: number;
  readonly types: string | null;
  readonly view: string;
  readonly impact: string;
  readonly span: string;
}

export interface BadTime {
  readonly name: string;
  readonly value: string;
}

/** Words by comma or space; null for none. */
export const list = (text: string | null): string[] | null => {
  const found = (text ?? "").split(/[\s,]+/).filter(Boolean);
  return found.length ? found : null;
};

/** The attributes as they are meant; or the first time that is none. `spans`: the windows that there are. */
export function settingsOf(given: Given, spans: Readonly<Record<string, string>>): Settings | BadTime {
  let bad: BadTime | null = null;
  const time = (name: string, value: string | null): Micros | null => {
    if (value === null || value.trim() === "") return null;
    const found = parseInstant(value);
    if (found === null) bad ??= { name, value };
    return found;
  };
  const direction: Direction = given.direction === "in" || given.direction === "out" ? given.direction : "both";
  const settings: Settings = {
    key: given.entity ?? "",
    depth: Math.min(3, Math.max(1, Math.round(given.depth) || 1)),
    direction,
    types: list(given.types),
    valid: time("valid-at", given.validAt),
    known: time("known-at", given.knownAt),
    compareTo: time("compare-to", given.compareTo),
    asKnownThen: given.asKnownThen && !given.knownAt,
    span: Object.hasOwn(spans, given.span) ? given.span : "fit",
    impact: given.view !== "impact" ? null : given.impact === "dependencies" ? "dependencies" : "dependents",
  };
  return bad ?? settings;
}

/** An element with the attributes and properties of ours, and what they are when nobody says. */
export abstract class Attributed extends LitElement {
  static override properties = {
    endpoint: { type: String },
    entity: { type: String, reflect: true },
    validAt: { type: String, attribute: "valid-at" },
    knownAt: { type: String, attribute: "known-at" },
    compareTo: { type: String, attribute: "compare-to" },
    asKnownThen: { type: Boolean, attribute: "as-known-then" },
    direction: { type: String },
    depth: { type: Number },
    kinds: { type: String },
    types: { type: String },
    theme: { type: String, reflect: true },
    lang: { type: String },
    view: { type: String },
    impact: { type: String },
    selected: { type: String },
    hide: { type: String },
    unfolded: { type: String },
    live: { type: Boolean },
    span: { type: String },
    timeZone: { attribute: false },
    headers: { attribute: false },
    fetcher: { attribute: false },
  };

  /** Address of the GraphQL API: the only one that is asked. */
  declare endpoint: string | null;
  /** Key of the entity in the middle. */
  declare entity: string | null;
  /** RFC 3339 with an offset, or epoch milliseconds; now when left out. */
  declare validAt: string | null;
  /** As known at this instant; all that is recorded when left out. */
  declare knownAt: string | null;
  declare compareTo: string | null;
  /** The second clock goes with the first. */
  declare asKnownThen: boolean;
  declare direction: Direction;
  /** 1 to 3. */
  declare depth: number;
  /** Only entities of these kinds, by comma or space. */
  declare kinds: string | null;
  /** Only relationships of these types. */
  declare types: string | null;
  declare theme: "light" | "dark" | "auto";
  declare view: ViewName;
  /** Of the view `impact`: `dependents` or `dependencies`. */
  declare impact: ImpactSide;
  /** The key of an entity, or the `id` of a relationship as `kg-select` tells it. */
  declare selected: string | null;
  /** Kinds that the legend has turned off. */
  declare hide: string | null;
  /** Groups that were unfolded by hand, as `kg-view-change` tells them. */
  declare unfolded: string | null;
  /** Follow what lands. */
  declare live: boolean;
  /** The window of the time bar: `fit`, or a number of days. */
  declare span: string;
  /** Name of the zone in which times are told. */
  declare timeZone: string;
  declare headers: Access["headers"];
  declare fetcher: Fetcher | undefined;

  constructor() {
    super();
    this.endpoint = this.entity = this.validAt = this.knownAt = this.compareTo = this.kinds = this.types = this.selected = this.hide = this.unfolded = null;
    this.asKnownThen = this.live = false;
    this.direction = "both";
    this.depth = 1;
    this.theme = "auto";
    this.view = "graph";
    this.impact = "dependents";
    this.span = "fit";
    this.timeZone = "UTC";
  }
}
