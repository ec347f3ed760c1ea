import { html, type TemplateResult } from "lit";
import type { EventLine } from "./generated.js";
import { eventName, stateAt, type Edge, type EventWithCauses, type Facts } from "./facts.js";
import { happeningName, type Happening, type Picture, type Point, type Scene } from "./scene.js";
import { OPEN, instant, tell, type Micros } from "./time.js";
import { tag } from "./table-view.js";
import type { Words } from "./words/index.js";

export interface SideModel {
  readonly facts: Facts;
  readonly scene: Scene;
  readonly picture: Picture;
  readonly at: Point;
  readonly against: Point | null;
  /** Time is moving: what happened is told where it rests. */
  readonly waits: boolean;
  /** The key of an entity or the id of an edge; null: what happened at this instant. */
  readonly selected: string | null;
  readonly happenings: readonly Happening[];
  /** Who made what happened here so, as far as it was asked. */
  readonly makers: ReadonlyMap<string, EventLine>;
  /** They are being asked for. */
  readonly finding: boolean;
  readonly causes: ReadonlyMap<string, EventWithCauses | "loading" | "none">;
  readonly words: Words;
  readonly lang: string;
  readonly zone: string;
  readonly kindLabel: (kind: string) => string;
  readonly typeLabel: (type: string) => string;
}

export interface SideActions {
  readonly select: (key: string | null) => void;
  readonly center: (key: string) => void;
  readonly explain: (event: EventLine) => void;
  readonly goTo: (at: Micros) => void;
}

/** A value as text; what it holds is never markup. */
function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

function propertiesView(model: SideModel, now: Readonly<Record<string, unknown>>, before: Readonly<Record<string, unknown>> | null): TemplateResult {
  const names = [...new Set([...Object.keys(now), ...Object.keys(before ?? {})])].sort();
  if (!names.length) return html`<p>${model.words.noProperties}</p>`;
  return html`<dl>${names.map((name) => {
    const is = name in now ? text(now[name]) : null;
    const was = before && name in before ? text(before[name]) : null;
    const differs = before !== null && is !== was;
    return html`<dt>${name}</dt><dd>${differs && was !== null ? html`<del class="was">${was}</del> ` : null}${differs && is !== null ? html`<ins>${is}</ins>` : is}</dd>`;
  })}</dl>`;
}

function lineView(model: SideModel, event: EventLine): TemplateResult {
  return html`<span>${event.type}</span><br><small>${tell(instant(event.time), model.lang, model.zone, "second")} · ${event.source} · ${event.eventId}</small>`;
}

/** One more of the effects is asked for, so that it is known whether these are all. */
const CHAIN_MAX = 20;

function eventView(model: SideModel, act: SideActions, event: EventLine): TemplateResult {
  const { words } = model;
  const cause = model.causes.get(eventName(event));
  const chain = (title: string, events: readonly EventLine[], none: string): TemplateResult =>
    html`<h3>${title}</h3>${events.length ? html`<ul class="chain">${events.slice(0, CHAIN_MAX).map((one) => html`<li>${lineView(model, one)}</li>`)}</ul>` : html`<p>${none}</p>`}
      ${events.length > CHAIN_MAX ? html`<p>${words.moreEffects(CHAIN_MAX)}</p>` : null}`;
  return html`<div class="event" part="event">
    <strong>${event.type}</strong>
    <small>${tell(instant(event.time), model.lang, model.zone, "second")}</small>
    <small>${event.source} · ${event.eventId}</small>
    <div><button class="link" aria-expanded=${String(cause !== undefined)} @click=${() => act.explain(event)}>${words.causeAndEffects}</button></div>
    ${
      cause === undefined
        ? null
        : cause === "loading"
          ? html`<p>${words.loading}</p>`
          : cause === "none"
            ? html`<p>${words.noCauses}</p>`
            : html`${cause.correlationId ? html`<small>${words.correlation}: ${cause.correlationId}</small>` : null}
                ${chain(words.causes, cause.causes, words.noCauses)}${chain(words.effects, cause.effects, words.noEffects)}`
    }
  </div>`;
}

function edgeTitle(model: SideModel, edge: Edge): string {
  const name = (key: string): string => model.facts.nodes.get(key)?.name ?? key;
  return `${name(edge.source)} ${model.typeLabel(edge.type)} ${name(edge.target)}${edge.discriminator ? ` (${edge.discriminator})` : ""}`;
}

function head(model: SideModel, act: SideActions, title: string, sub: TemplateResult | string | null): TemplateResult {
  return html`<header><div><h2><bdi>${title}</bdi></h2><p>${sub}</p></div>
    <button class="plain" aria-label=${model.words.close} title=${model.words.close} @click=${() => act.select(null)}>✕</button></header>`;
}

function spanView(model: SideModel, from: Micros, to: Micros): TemplateResult {
  const { words, lang, zone } = model;
  return html`<dl><dt>${words.since}</dt><dd>${tell(from, lang, zone, "second")}</dd>
    ${to === OPEN ? null : html`<dt>${words.until}</dt><dd>${tell(to, lang, zone, "second")}</dd>`}</dl>`;
}

const EDGES_MAX = 200;

function nodeSide(model: SideModel, act: SideActions, key: string): TemplateResult {
  const { words, facts, scene, picture, at, against } = model;
  const node = scene.nodes.get(key);
  const state = facts.nodeAt(key, at.valid, at.known);
  const before = against && facts.nodeAt(key, against.valid, against.known);
  const status = picture.nodes.get(key)?.status ?? "absent";
  const edges = (scene.near.get(key) ?? []).filter((edge) => (picture.edges.get(edge.id)?.status ?? "absent") !== "absent");
  const title = node?.name ?? key;
  const shown = state ?? (status === "removed" ? before : null);
  return html`${head(model, act, title, html`${model.kindLabel(node?.kind ?? "")} · ${tag(status, words)}<br>${key}`)}
    ${key === scene.focus ? null : html`<p><button @click=${() => act.center(key)}>${words.recenter}</button></p>`}
    ${shown ? spanView(model, shown.from, shown.to) : null}
    <h3>${words.properties}</h3>${propertiesView(model, state?.properties ?? {}, status === "changed" || status === "removed" ? (before?.properties ?? null) : null)}
    ${shown?.event ? html`<h3>${words.madeBy}</h3>${eventView(model, act, shown.event)}` : null}
    <h3>${words.relationships} (${edges.length})</h3>
    <ul>${edges.slice(0, EDGES_MAX).map((edge) => html`<li><button class="link" @click=${() => act.select(edge.id)}>${edgeTitle(model, edge)}</button> ${tag(picture.edges.get(edge.id)?.status ?? "present", words, true)}</li>`)}</ul>${edges.length > EDGES_MAX ? html`<p>${words.moreInTable(edges.length - EDGES_MAX)}</p>` : null}`;
}

function edgeSide(model: SideModel, act: SideActions, edge: Edge): TemplateResult {
  const { words, facts, picture, at, against } = model;
  const look = picture.edges.get(edge.id);
  const before = against && stateAt(facts.edgeStates(edge.id, against.known), against.valid);
  const ender = look?.status === "removed" && before ? (facts.enderOf(edge.id, before.to, at.known) ?? model.makers.get(edge.id) ?? null) : null;
  const event = ender ?? look?.state?.event ?? null;
  return html`${head(model, act, edgeTitle(model, edge), tag(look?.status ?? "absent", words))}
    ${look?.state ? spanView(model, look.state.from, look.state.to) : null}
    <dl><dt>${words.type}</dt><dd>${edge.type}</dd>
      <dt>${words.source}</dt><dd><button class="link" @click=${() => act.select(edge.source)}>${edge.source}</button></dd>
      <dt>${words.target}</dt><dd><button class="link" @click=${() => act.select(edge.target)}>${edge.target}</button></dd></dl>
    <h3>${words.properties}</h3>${propertiesView(model, look?.status === "removed" ? {} : (look?.state?.properties ?? {}), look?.status === "changed" || look?.status === "removed" ? (before?.properties ?? null) : null)}
    ${event ? html`<h3>${words.madeBy}</h3>${eventView(model, act, event)}` : null}`;
}

/** Of what changed at one instant; all of it is in the table. */
const LISTED_MAX = 40;

const AS_STATUS = { appeared: "added", changed: "changed", ended: "removed" } as const;

/** The events behind what happened at one instant, each once. */
export function eventsOf(model: Pick<SideModel, "facts" | "makers" | "at">, happenings: readonly Happening[]): EventLine[] {
  const found = new Map<string, EventLine>();
  for (const one of happenings) {
    const { facts, at } = model;
    const id = one.edge?.id ?? one.node ?? "";
    const state = one.edge ? facts.edgeAt(one.edge.id, one.at, at.known) : facts.nodeAt(one.node ?? "", one.at, at.known);
    const ended = one.kind === "ended" ? facts.enderOf(id, one.at, at.known) : null;
    const event = ended ?? (state?.from === one.at ? state.event : null) ?? model.makers.get(id) ?? null;
    if (event) found.set(eventName(event), event);
  }
  return [...found.values()];
}

function instantSide(model: SideModel, act: SideActions): TemplateResult {
  const { words } = model;
  const here = model.happenings.filter((one) => one.at === model.at.valid);
  const events = eventsOf(model, here);
  return html`${head(model, act, words.happenedHere, tell(model.at.valid, model.lang, model.zone, "second"))}
    <ul>${here.slice(0, LISTED_MAX).map(
      (one) => html`<li>${tag(AS_STATUS[one.kind], words, true, words.happened[one.kind])} <button class="link" @click=${() => act.select(one.edge?.id ?? one.node)}>${happeningName(model.facts, model.typeLabel, one)}</button></li>`,
    )}</ul>${here.length > LISTED_MAX ? html`<p>${words.moreInTable(here.length - LISTED_MAX)}</p>` : null}
    <h3>${words.madeBy}</h3>${events.length ? events.map((event) => eventView(model, act, event)) : html`<p>${model.finding ? words.loading : words.makersUnknown}</p>`}`;
}

/** The panel beside the picture; null when there is nothing to say. */
export function sideView(model: SideModel, act: SideActions): TemplateResult | null {
  const { selected, scene, facts, words } = model;
  if (model.waits) return head(model, act, words.happenedHere, tell(model.at.valid, model.lang, model.zone, "second"));
  if (selected === null) return model.happenings.some((one) => one.at === model.at.valid) ? instantSide(model, act) : null;
  const edge = facts.edges.get(selected);
  if (edge) return edgeSide(model, act, edge);
  return scene.nodes.has(selected) ? nodeSide(model, act, selected) : null;
}
