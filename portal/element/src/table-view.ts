import { html, svg, type TemplateResult } from "lit";
import { badge } from "./marks.js";
import type { Facts } from "./facts.js";
import { happeningName, type Happening, type Picture, type Scene, type Status } from "./scene.js";
import type { ImpactRead } from "./session.js";
import { tell } from "./time.js";
import type { Words } from "./words/index.js";

export interface TableModel {
  readonly facts: Facts;
  readonly scene: Scene;
  readonly picture: Picture;
  readonly happenings: readonly Happening[];
  readonly words: Words;
  readonly lang: string;
  readonly zone: string;
  readonly kindLabel: (kind: string) => string;
  readonly typeLabel: (type: string) => string;
  readonly select: (key: string) => void;
}

/** A state as sign and text. `quiet`: nothing for what is simply there. */
export function tag(status: Status, words: Words, quiet = false, label = words.status[status]): TemplateResult | null {
  if (quiet && status === "present") return null;
  const sign = badge(status, 8, 8, 0.8);
  return html`<span class="tag ${status}">${sign ? html`<svg class="edge ${status}" width="16" height="16" aria-hidden="true">${svg`<g class="node ${status}">${sign}</g>`}</svg>` : null}${label}</span>`;
}

const ROWS_MAX = 1000;

function tableView(words: Words, caption: string, heads: readonly string[], rows: readonly TemplateResult[]): TemplateResult {
  return html`<div class="scroll" role="region" tabindex="0" aria-label=${`${caption}. ${words.scroll}`} part="table"><table>
    <caption>${caption} (${rows.length})</caption>
    <thead><tr>${heads.map((head) => html`<th scope="col" class=${head === words.distance || head === words.score ? "num" : ""}>${head}</th>`)}</tr></thead>
    <tbody>${rows.length ? rows.slice(0, ROWS_MAX) : html`<tr><td colspan=${heads.length}>${words.nothingShown}</td></tr>`}
      ${rows.length > ROWS_MAX ? html`<tr><td colspan=${heads.length}>${words.moreRows(rows.length - ROWS_MAX)}</td></tr>` : null}</tbody></table></div>`;
}

/** The same as the picture, as tables: entities, relationships, and the changes of the histogram. */
export function tablesView(model: TableModel): TemplateResult {
  const { words, scene, picture, facts, lang, zone } = model;
  const shown = (status: Status | undefined): status is Status => status !== undefined && status !== "absent";
  const nodes = [...scene.nodes.values()]
    .filter((one) => shown(picture.nodes.get(one.key)?.status))
    .sort((a, b) => Math.abs(a.hop) - Math.abs(b.hop) || (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : a.key < b.key ? -1 : 1));
  const edges = scene.edges.filter((one) => shown(picture.edges.get(one.id)?.status));
  const name = (key: string): string => facts.nodes.get(key)?.name ?? key;
  const link = (key: string, text: string): TemplateResult => html`<button class="link" @click=${() => model.select(key)}>${text}</button>`;
  return html`<div class="tables">
    ${tableView(words, words.entities, [words.name, words.kind, words.state, words.distance, words.since, words.key], nodes.map((one) => {
      const look = picture.nodes.get(one.key);
      return html`<tr><td>${link(one.key, one.name)}</td><td>${model.kindLabel(one.kind)}</td><td>${tag(look?.status ?? "present", words)}</td><td class="num">${Math.abs(one.hop)}</td>
        <td>${look?.state ? tell(look.state.from, lang, zone) : ""}</td><td>${one.key}</td></tr>`;
    }))}
    ${tableView(words, words.relationships, [words.source, words.type, words.target, words.state, words.since, words.event], edges.map((one) => {
      const look = picture.edges.get(one.id);
      return html`<tr><td>${link(one.source, name(one.source))}</td><td>${link(one.id, model.typeLabel(one.type))}</td><td>${link(one.target, name(one.target))}</td><td>${tag(look?.status ?? "present", words)}</td>
        <td>${look?.state ? tell(look.state.from, lang, zone) : ""}</td><td>${look?.state?.event?.type ?? ""}</td></tr>`;
    }))}
    ${tableView(words, words.changes, [words.when, words.what, words.state], [...model.happenings].reverse().map(
      (one) => html`<tr><td>${tell(one.at, lang, zone, "second")}</td><td>${happeningName(model.facts, model.typeLabel, one)}</td><td>${words.happened[one.kind]}</td></tr>`,
    ))}
  </div>`;
}

type Impact = ImpactRead;
type Item = Impact["items"][number];

const ownersOf = (item: Item): string[] => item.entity.owners.edges.map((edge) => edge.node.target.name);

/** One cell of CSV. What a spreadsheet would take for a formula is made text. */
function cell(value: string | number): string {
  const plain = String(value);
  const text = /^[=+\-@\t\r]/.test(plain) && typeof value === "string" ? `'${plain}` : plain;
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** The impact as CSV (RFC 4180). */
export function csvOf(impact: Impact, words: Words): string {
  const rows = impact.items.map((item) => [
    item.distance, item.entity.key, item.entity.name, item.entity.kind, ownersOf(item).join("; "), item.score,
    item.path.entities.map((one) => one.key).join(" > "),
  ]);
  return [words.csvHeads, ...rows].map((row) => row.map(cell).join()).join("\r\n") + "\r\n";
}

/** Hand it to the browser to keep. */
export function saveCsv(impact: Impact, words: Words, key: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["\ufeff", csvOf(impact, words)], { type: "text/csv;charset=utf-8" }));
  link.download = `${impact.side === "dependents" ? "impact" : impact.side}-${key.replaceAll(/[^\w.-]+/g, "-")}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

export function impactView(
  impact: Impact,
  words: Words,
  kindLabel: (kind: string) => string,
  select: (key: string) => void,
  save: () => void,
): TemplateResult {
  return html`<div class="tables" part="impact">
    <div class="spread"><strong>${words.impactCount(impact.count, impact.side, impact.truncated !== null)}</strong><button @click=${save} ?disabled=${impact.items.length === 0}>${impact.truncated ? words.csvOf(impact.items.length) : words.csv}</button></div>
    ${impact.truncated ? html`<p>${words.impactCut(impact.truncated.detail)}</p>` : null}
    ${impact.owners.length ? html`<p>${words.ownedBy}: ${impact.owners.map((one) => `${one.owner.name} (${one.count})`).join(", ")}</p>` : null}
    ${tableView(words, words.impactSides[impact.side], [words.distance, words.name, words.kind, words.owners, words.score, words.path], impact.items.map(
      (item) => html`<tr><td class="num">${item.distance}</td><td><button class="link" @click=${() => select(item.entity.key)}>${item.entity.name}</button></td><td>${kindLabel(item.entity.kind)}</td>
        <td>${ownersOf(item).join(", ") || words.nobody}</td><td class="num">${item.score.toFixed(2)}</td><td>${item.path.entities.map((one) => one.name).join(" → ")}</td></tr>`,
    ))}
  </div>`;
}
