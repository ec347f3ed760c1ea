import { html, nothing, svg, type TemplateResult } from "lit";
import { glyph } from "@element/marks.js";
import { href, kindIndex, kindLabel, told, typeLabel, type Context } from "./context.js";
import type { EventLine, Ref } from "./generated.js";

/** What is shown the same everywhere. All text of the graph is text, never markup. */

/** The shape of a kind; empty until it is known which kinds there are. */
export const kindMark = (context: Context, kind: string): TemplateResult =>
  html`<svg viewBox="-8 -8 16 16" aria-hidden="true">${context.glossary.kinds.length ? glyph(kindIndex(context, kind), 0, 0) : nothing}</svg>`;

/** A way to an entity; its kind by shape, and what is not quite there by text. */
export function entityLink(context: Context, entity: Ref, tab: "overview" | "impact" = "overview"): TemplateResult {
  const { words } = context;
  const state = entity.ended ? words.ended : entity.declared ? "" : words.undeclared;
  const title = `${kindLabel(context, entity.kind)} · ${entity.key}${state ? ` · ${state}` : ""}`;
  return html`<span class="entity">${kindMark(context, entity.kind)}<a class=${entity.ended ? "gone" : ""} dir="auto" title=${title}
    href=${href(context, { page: "entity", entity: entity.key, tab })}>${short(entity.name)}</a>${state ? html`<span class="chip dashed">${state}</span>` : nothing}</span>`;
}

const LONG = 90;
/** Names can be of any length: the rest of a long one is in the title. */
export const short = (text: string): string => (text.length > LONG ? `${Array.from(text).slice(0, LONG).join("")}…` : text);

export interface Tie {
  readonly type: string;
  readonly discriminator?: string | null;
  readonly source: Ref;
  readonly target: Ref;
}

export const tieText = (context: Context, tie: Tie): string => `${tie.source.name} ${typeLabel(context, tie.type)} ${tie.target.name}`;

export const tieView = (context: Context, tie: Tie): TemplateResult =>
  html`${entityLink(context, tie.source)} <span class="muted">${typeLabel(context, tie.type)}</span> ${entityLink(context, tie.target)}${
    tie.discriminator ? html` <span class="chip">${tie.discriminator}</span>` : nothing
  }`;

export const flowHref = (context: Context, event: EventLine): string =>
  href(context, { page: "flow", source: event.source, event: event.eventId, correlation: event.correlationId ?? "" });

/** An event in two lines: what, when and from where; it leads to its causes and effects. */
export function eventView(context: Context, event: EventLine | null, actor: string | null = null): TemplateResult {
  if (!event) return html`<span class="muted">${context.words.none}</span>`;
  return html`<span class="event"><a href=${flowHref(context, event)} title=${context.words.openFlow(event.eventId)}>${event.type}</a>
    <span class="small muted"><time datetime=${event.time}>${told(context, event.time)}</time> · ${event.source}${actor ? html` · ${context.words.by(actor)}` : nothing}</span></span>`;
}

const SIGNS = { APPEARED: "M8 3v10M3 8h10", CHANGED: "M8 2.5 14 13H2Z", ENDED: "M3.5 3.5h9v9h-9ZM5.5 8h5" } as const;

/** A sort of change by colour, shape and text. */
export const changeChip = (context: Context, kind: keyof typeof SIGNS): TemplateResult =>
  html`<span class="chip ${kind.toLowerCase()}"><svg class="sign" viewBox="0 0 16 16" aria-hidden="true">${svg`<path d=${SIGNS[kind]}></path>`}</svg>${context.words.change[kind]}</span>`;

/** A table with its name for who cannot see it. `heads`: an empty one is for buttons. */
export function table(caption: string, heads: ReadonlyArray<string | readonly [string, "num"]>, rows: readonly TemplateResult[]): TemplateResult {
  return html`<div class="scroll" role="region" aria-label=${caption} tabindex="0"><table>
    <caption class="out">${caption}</caption>
    <thead><tr>${heads.map((head) => (typeof head === "string" ? html`<th scope="col">${head || html`<span class="out">${caption}</span>`}</th>` : html`<th scope="col" class="num">${head[0]}</th>`))}</tr></thead>
    <tbody>${rows}</tbody></table></div>`;
}

/** Hand something to the browser to keep as a file. */
export function save(text: string, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", text], { type: "text/csv;charset=utf-8" }));
  link.download = `${name.replaceAll(/[^\w.-]+/g, "-")}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export interface Option {
  readonly value: string;
  readonly label: string;
}

/** A choice of one; the first option is usually all. */
export function choice(label: string, value: string, options: readonly Option[], chosen: (value: string) => void): TemplateResult {
  return html`<select aria-label=${label} @change=${(event: Event) => chosen((event.target as HTMLSelectElement).value)}>
    ${options.map((one) => html`<option value=${one.value} ?selected=${one.value === value}>${one.label}</option>`)}</select>`;
}

export const kindOptions = (context: Context): Option[] => [
  { value: "", label: context.words.allKinds }, ...context.glossary.kinds.map((one) => ({ value: one.name, label: one.label || one.name })),
];

export const typeOptions = (context: Context): Option[] => [
  { value: "", label: context.words.allTypes }, ...context.glossary.relationshipTypes.map((one) => ({ value: one.type, label: one.label || one.type })),
];
