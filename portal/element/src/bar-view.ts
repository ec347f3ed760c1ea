import { html, nothing, svg, type TemplateResult } from "lit";
import { badge, glyph } from "./marks.js";
import { STATUSES, type Direction, type Scene } from "./scene.js";
import type { ImpactSide } from "./session.js";
import type { Words } from "./words/index.js";

/** What stands above and below the picture: title, choices, legend, help. */

export type ViewName = "graph" | "table" | "impact";

export interface BarModel {
  readonly name: string;
  /** Kind and key; empty while nothing is known. */
  readonly sub: string;
  readonly view: ViewName;
  readonly direction: Direction;
  readonly depth: number;
  readonly side: ImpactSide;
  readonly help: boolean;
  readonly words: Words;
}

export interface BarActions {
  readonly view: (view: ViewName) => void;
  readonly direction: (direction: Direction) => void;
  readonly depth: (depth: number) => void;
  readonly side: (side: ImpactSide) => void;
  readonly help: () => void;
}

export function barView(model: BarModel, act: BarActions): TemplateResult {
  const { words, view } = model;
  const value = (event: Event): string => (event.target as HTMLSelectElement).value;
  return html`<div class="bar" part="toolbar">
    <div class="title" part="title">${model.name ? html`<h2><bdi>${model.name}</bdi></h2>` : nothing}<p>${model.sub}</p></div>
    <div class="tabs" role="group" aria-label=${words.views}>${(["graph", "table", "impact"] as const).map(
      (one) => html`<button aria-pressed=${String(view === one)} @click=${() => act.view(one)}>${words[one]}</button>`,
    )}</div>
    ${view === "impact" ? html`<select aria-label=${words.impactSide} .value=${model.side} @change=${(event: Event) => act.side(value(event) as ImpactSide)}>
      ${(["dependents", "dependencies"] as const).map((one) => html`<option value=${one} ?selected=${one === model.side}>${words.impactSides[one]}</option>`)}
    </select>` : html`<select aria-label=${words.direction} .value=${model.direction} @change=${(event: Event) => act.direction(value(event) as Direction)}>
      ${(["both", "in", "out"] as const).map((one) => html`<option value=${one} ?selected=${one === model.direction}>${words.directions[one]}</option>`)}
    </select>
    <select aria-label=${words.depth} .value=${String(model.depth)} @change=${(event: Event) => act.depth(Number(value(event)))}>
      ${[1, 2, 3].map((one) => html`<option value=${one} ?selected=${one === model.depth}>${words.depthOf(one)}</option>`)}
    </select>`}
    <button class="plain" aria-expanded=${String(model.help)} @click=${act.help} aria-label=${words.help} title=${words.help}>?</button>
  </div>`;
}

export interface LegendModel {
  readonly scene: Scene | null;
  readonly hidden: ReadonlySet<string>;
  readonly live: boolean;
  /** Up to when answers are final, in words. */
  readonly final: string;
  readonly words: Words;
  readonly kindIndex: (kind: string) => number;
  readonly kindLabel: (kind: string) => string;
}

const sign = (status: (typeof STATUSES)[number]): TemplateResult =>
  html`<svg class="wide" viewBox="0 0 30 16" aria-hidden="true">${svg`<g class=${`node ${status}`}><rect class="card" x="1" y="2" width="22" height="12" rx="3"></rect>${badge(status, 23, 5, 0.6)}</g>`}</svg>`;

/** Which shape is which kind (each can be hidden), and which sign is which state. */
export function legendView(model: LegendModel, toggle: (kind: string) => void): TemplateResult {
  const { words, scene, hidden } = model;
  const kinds = [...new Set([...[...(scene?.nodes.values() ?? [])].map((one) => one.kind), ...hidden])].sort();
  const only = kinds.length === 1 ? scene?.nodes.get(scene.focus)?.kind : undefined;
  return html`<section class="legend" part="legend" aria-label=${words.legend}>
    <ul aria-label=${words.kinds}>${kinds.map(
      (kind) => html`<li><button aria-pressed=${String(!hidden.has(kind))} title=${words.show(model.kindLabel(kind))} ?disabled=${kind === only} @click=${() => toggle(kind)}>
        <svg viewBox="-8 -8 16 16" aria-hidden="true">${glyph(model.kindIndex(kind), 0, 0)}</svg>${model.kindLabel(kind)}</button></li>`,
    )}</ul>
    <ul aria-label=${words.state}>${STATUSES.map((status) => html`<li>${sign(status)}${words.status[status]}</li>`)}</ul>
    <span class="basis">${model.live ? html`● ${words.live} · ` : nothing}${model.final}</span>
  </section>`;
}

export function helpView(words: Words, close: () => void): TemplateResult {
  return html`<div class="sheet" role="dialog" aria-label=${words.help}>
    <h3>${words.help}</h3>
    <dl>${words.keys.map(([key, does]) => html`<dt>${key}</dt><dd>${does}</dd>`)}</dl>
    <button @click=${close}>${words.close}</button>
  </div>`;
}
