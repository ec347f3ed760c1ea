import { html, nothing, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { atOf, href, told, typeLabel } from "../context.js";
import { Relations, type RelationsData } from "../generated.js";
import { choice, entityLink, eventView, table, tieText, typeOptions } from "../parts.js";
import { paged, type Paged } from "../resource.js";
import { DIRECTIONS, listOf, type Route } from "../route.js";
import { properties, valueText } from "../values.js";
import { View } from "../view.js";

type Tie = NonNullable<RelationsData["entity"]>["relationships"]["edges"][number]["node"];
const PAGE = 100;
const API = { both: "BOTH", in: "IN", out: "OUT" } as const;

/** All relationships at the instant, with the event that made each, and the question why. */
export class ExplorerRelationships extends View {
  readonly #ties = this.resource<Paged<Tie>>();

  #variables(): { key: string; at: object; types: string[] | null; direction: "BOTH" | "IN" | "OUT"; first: number } {
    const { route } = this.context;
    const types = listOf(route.types);
    return { key: route.entity, at: atOf(route), types: types.length ? types : null, direction: API[route.direction], first: PAGE };
  }

  protected override want(): void {
    const { access, round } = this.context;
    const variables = this.#variables();
    this.#ties.ask(JSON.stringify([round, variables]), true, async (signal) => {
      const { entity } = await ask(access, Relations, variables, signal);
      return entity ? paged(entity.relationships) : { items: [], next: null };
    });
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route } = context;
    return html`<section class="card"><header><h2>${words.relationships}</h2><div class="filters">
        ${choice(words.direction, route.direction, DIRECTIONS.map((value) => ({ value, label: words.directions[value] ?? value })), (value) => context.go({ direction: value as Route["direction"] }))}
        ${choice(words.type, route.types, typeOptions(context), (types) => context.go({ types }))}</div></header>
      ${this.around(this.#ties, (page) =>
        page.items.length
          ? html`${table(words.relationships, [words.from, words.type, words.to, words.sinceHead, words.event, ""], page.items.map((one) => this.#row(one)))}${this.more(page, async (after) => {
              const { entity } = await ask(context.access, Relations, { ...this.#variables(), after }, new AbortController().signal);
              if (entity) this.#ties.put(paged(entity.relationships, page.items));
            })}`
          : this.nothingHere(words.relationshipsNone, words.relationshipsNoneSays),
      )}</section>`;
  }

  #row(one: Tie): TemplateResult {
    const { context } = this;
    const { words, route } = context;
    const end = (entity: Tie["source"]): unknown => (entity.key === route.entity ? html`<span class="muted">${words.this}</span>` : entityLink(context, entity));
    const given = Object.entries(properties(one.properties));
    return html`<tr><td>${end(one.source)}</td><td>${typeLabel(context, one.type)}${one.discriminator ? html` <span class="chip">${one.discriminator}</span>` : nothing}
        ${given.length ? html`<br><span class="small muted">${given.map(([name, value]) => `${name}: ${valueText(value)}`).join(", ")}</span>` : nothing}</td>
      <td>${end(one.target)}</td><td><time datetime=${one.validFrom}>${told(context, one.validFrom)}</time>${one.validTo ? html`<br><span class="small muted">${words.until(told(context, one.validTo))}</span>` : nothing}</td>
      <td>${eventView(context, one.event)}</td>
      <td class="thin"><a class="small" aria-label=${words.whyOf(tieText(context, one))} href=${href(context, { entity: one.source.key, tab: "why", rel: one.type, target: one.target.key })}>${words.why}</a></td></tr>`;
  }
}
customElements.define("ex-relationships", ExplorerRelationships);
