import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { instantOf, told } from "../context.js";
import { write } from "@element/time.js";
import { Versions, type Stretch } from "../generated.js";
import { eventView, short } from "../parts.js";
import { paged, type Paged } from "../resource.js";
import { base } from "../styles.js";
import { actorOf, properties, valueText } from "../values.js";
import { differing } from "../versions.js";
import { View } from "../view.js";

const PAGE = 50;

/** Every version of an entity: what became otherwise, by which event, on both clocks. */
export class ExplorerHistory extends View {
  static override styles: CSSResultGroup = [
    base,
    css`
      ol { padding: 1rem 1rem .25rem 1.25rem; }
      li { position: relative; padding: 0 0 1.25rem 1.5rem; border-inline-start: 2px solid var(--line); }
      li:last-child { border-color: transparent; }
      li::before { content: ""; position: absolute; inset-inline-start: -7px; inset-block-start: .35rem; inline-size: 12px; block-size: 12px; border-radius: 50%; background: var(--surface); border: 2.5px solid var(--accent); }
      li.over::before { border-color: var(--muted); border-style: dashed; border-width: 2px; }
      li.end::before { border-radius: 2px; border-color: var(--bad); }
      .at { display: flex; flex-wrap: wrap; gap: .15rem .75rem; align-items: baseline; margin-block-end: .35rem; }
      .at strong { font-variant-numeric: tabular-nums; font-weight: 620; }
      .diff { display: grid; grid-template-columns: minmax(5rem, 11rem) minmax(0, 1fr); gap: .2rem 1rem; margin-block: .1rem .45rem; }
      .diff dt { color: var(--muted); overflow-wrap: anywhere; }
      .diff dd { overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: start; }
    `,
  ];
  readonly #versions = this.resource<Paged<Stretch>>();

  #variables(): { key: string; at: { known?: string; valid?: string }; corrections: boolean; first: number } {
    const { route } = this.context;
    const known = instantOf(route.known);
    const valid = instantOf(route.valid);
    return {
      key: route.entity, corrections: route.corrections === "1", first: PAGE,
      at: { ...(valid === null ? {} : { valid: write(valid) }), ...(known === null ? {} : { known: write(known) }) },
    };
  }

  protected override want(): void {
    const { access, round } = this.context;
    const variables = this.#variables();
    this.#versions.ask(JSON.stringify([round, variables]), true, async (signal) => {
      const { entity } = await ask(access, Versions, variables, signal);
      return entity ? paged(entity.history) : { items: [], next: null };
    });
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route } = context;
    const toggle = (event: Event): void => context.go({ corrections: (event.target as HTMLInputElement).checked ? "1" : "" });
    return html`<section class="card"><header><h2>${words.tabs["history"]}</h2><label class="check"><input type="checkbox" .checked=${route.corrections === "1"} @change=${toggle}>${words.corrections}</label></header>
      ${this.around(this.#versions, (page) =>
        page.items.length
          ? html`<ol>${this.#rows(page.items)}</ol>${this.more(page, async (after) => {
              const { entity } = await ask(context.access, Versions, { ...this.#variables(), after }, new AbortController().signal);
              if (entity) this.#versions.put(paged(entity.history, page.items));
            })}`
          : this.nothingHere(words.historyNone, words.historyNoneSays),
      )}</section>`;
  }

  #rows(versions: readonly Stretch[]): TemplateResult[] {
    const { context } = this;
    const { words } = context;
    const newest = [...versions].sort((a, b) => (a.validFrom < b.validFrom ? 1 : a.validFrom > b.validFrom ? -1 : a.knownFrom < b.knownFrom ? 1 : -1));
    const rows: TemplateResult[] = [];
    const last = newest.find((one) => one.knownTo === null);
    if (last?.validTo && last.endedBy) {
      rows.push(html`<li class="end"><div class="at"><strong><time datetime=${last.validTo}>${told(context, last.validTo)}</time></strong><span class="chip ended">${words.ended}</span></div>${eventView(context, last.endedBy, actorOf(last.endedBy.data))}</li>`);
    }
    newest.forEach((one, index) => {
      const before = newest.slice(index + 1).find((other) => other.knownTo === null && other.validFrom < one.validFrom) ?? null;
      const all = differing(one, before);
      const stay = Object.keys(properties(one.properties)).length - all.filter((each) => each.is !== undefined).length;
      rows.push(html`<li class=${one.knownTo === null ? "" : "over"}>
        <div class="at"><strong><time datetime=${one.validFrom}>${told(context, one.validFrom)}</time></strong>
          ${before === null ? html`<span class="chip appeared">${words.firstVersion}</span>` : nothing}
          <span class="small muted">${words.known(told(context, one.knownFrom))}</span>
          ${one.knownTo === null ? nothing : html`<span class="chip dashed">${words.believedUntil(told(context, one.knownTo))}</span>`}</div>
        <dl class="diff">${all.map(
          ({ name, was, is }) => html`<dt>${short(name)}</dt><dd>${was === undefined ? nothing : html`<del>${valueText(was)}</del> `}${is === undefined ? html`<span class="muted">${words.removed}</span>` : html`<ins>${valueText(is)}</ins>`}</dd>`,
        )}</dl>
        ${stay > 0 && before ? html`<p class="small muted">${words.unchanged(stay)}</p>` : nothing}
        ${eventView(context, one.event, actorOf(one.event.data))}</li>`);
    });
    return rows;
  }
}
customElements.define("ex-history", ExplorerHistory);
