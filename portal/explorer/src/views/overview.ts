import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { atOf, href, instantOf } from "../context.js";
import { Told, type ToldData } from "../generated.js";
import { eventView, short } from "../parts.js";
import { base } from "../styles.js";
import { actorOf, properties, valueText } from "../values.js";
import { allVersions, madeBy, type AllVersions } from "../versions.js";
import { View } from "../view.js";
import { nowMicros, parseInstant } from "@element/time.js";
import "../picture.js";

type Event = NonNullable<ToldData["entity"]>["events"]["edges"][number]["node"];
const EVENTS = 6;

/** The picture, and beside it what it is and what was said lately. */
export class ExplorerOverview extends View {
  static override styles: CSSResultGroup = [
    base,
    css`
      .columns { margin-block-start: 1.25rem; }
      .lines li { padding: .6rem 1rem; border-block-end: 1px solid var(--line); }
      .lines li:last-child { border: 0; }
      .props > div { display: grid; grid-template-columns: minmax(4.5rem, 24%) minmax(0, 1fr); gap: .1rem 1rem; padding: .6rem 1rem; border-block-end: 1px solid var(--line); }
      .props > div:last-child { border: 0; }
      .props dt { color: var(--muted); overflow-wrap: anywhere; }
      .props dd { overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: start; }
      .props .who { grid-column: 2; }
      .props a { color: inherit; text-decoration: underline; text-decoration-color: var(--edge); text-underline-offset: 2px; }
    `,
  ];
  readonly #versions = this.resource<AllVersions>();
  readonly #events = this.resource<readonly Event[]>();

  protected override want(): void {
    const { route, access, round } = this.context;
    const variables = { key: route.entity, at: atOf(route) };
    const name = JSON.stringify([round, variables]);
    this.#versions.ask(name, true, (signal) => allVersions(access, { ...variables, corrections: false }, signal));
    this.#events.ask(name, true, async (signal) => (await ask(access, Told, { ...variables, first: EVENTS }, signal)).entity?.events.edges.map((edge) => edge.node) ?? []);
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words } = context;
    return html`<ex-picture .context=${context}></ex-picture>
      <div class="columns">
        <section class="card"><header><h2>${words.properties}</h2><a class="small" href=${href(context, { tab: "history" })}>${words.fullHistory}</a></header>
          ${this.around(this.#versions, (found) => this.#properties(found))}</section>
        <section class="card"><header><h2>${words.latestEvents}</h2><a class="small" href=${href(context, { tab: "events" })}>${words.allEvents}</a></header>
          ${this.around(this.#events, (events) =>
            events.length ? html`<ul class="lines">${events.map((event) => html`<li>${eventView(context, event, actorOf(event.data))}</li>`)}</ul>` : this.nothingHere(words.eventsNone, words.eventsNoneSays),
          )}</section>
      </div>`;
  }

  #properties(found: AllVersions): TemplateResult {
    const { words, route } = this.context;
    const at = instantOf(route.valid);
    // Later ones belong to the history, not to what is looked at.
    const upTo = found.versions.filter((one) => (parseInstant(one.validFrom) ?? 0) <= (at ?? nowMicros()));
    const all = Object.entries(properties(found.properties)).sort(([a], [b]) => (a < b ? -1 : 1));
    if (!all.length) return this.nothingHere(words.noProperties);
    return html`<dl class="props">${all.map(([name, value]) => {
      const maker = madeBy(upTo, name);
      return html`<div><dt>${short(name)}</dt><dd>${valueText(value)}</dd>
        <dd class="who small muted">${maker ? html`<span class="out">${words.changedBy} </span>${eventView(this.context, maker.event, actorOf(maker.event.data))}` : nothing}</dd></div>`;
    })}</dl>`;
  }
}
customElements.define("ex-overview", ExplorerOverview);
