import type { TroubleKind } from "./client.js";

export interface KgSelectDetail {
  readonly what: "entity" | "relationship" | "none";
  /** What the attribute `selected` takes to select it again; null: nothing. */
  readonly id: string | null;
  readonly key: string | null;
  readonly kind: string | null;
  readonly relationship: { readonly type: string; readonly source: string; readonly target: string; readonly discriminator: string | null } | null;
}

export interface KgTimeChangeDetail {
  /** RFC 3339; null: now. */
  readonly validAt: string | null;
  readonly knownAt: string | null;
  readonly compareTo: string | null;
  readonly asKnownThen: boolean;
  /** true while it is being dragged or played: hosts that keep it in an address wait for the end. */
  readonly moving: boolean;
}

export interface KgExpandDetail {
  /** What was unfolded (a kind in a column), or the entity that is the centre now. */
  readonly kind: string | null;
  readonly key: string | null;
}

export interface KgViewChangeDetail {
  /** What is shown, as the attributes of the same names say it: fired when somebody chose otherwise within the element. */
  readonly view: "graph" | "table" | "impact";
  readonly direction: "both" | "in" | "out";
  readonly depth: number;
  readonly span: string;
  readonly impact: "dependents" | "dependencies";
  /** Kinds that the legend has turned off, by comma; null: none. */
  readonly hide: string | null;
  /** Groups that were unfolded by hand, by comma; null: none. */
  readonly unfolded: string | null;
}

export interface KgErrorDetail {
  readonly kind: TroubleKind;
  readonly message: string;
}

export interface KnowledgeGraphEventMap {
  "kg-select": CustomEvent<KgSelectDetail>;
  "kg-time-change": CustomEvent<KgTimeChangeDetail>;
  "kg-expand": CustomEvent<KgExpandDetail>;
  "kg-view-change": CustomEvent<KgViewChangeDetail>;
  "kg-error": CustomEvent<KgErrorDetail>;
}
