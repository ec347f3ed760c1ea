import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { instantOf, told } from "../context.js";
import { write } from "@element/time.js";
import type { Stretch } from "../generated.js";
import { eventView, short } from "../parts.js";
import { base } from "../styles.js";
import { actorOf, properties, valueText } from "../values.js";
import { allVersions, differing, knownSince, type AllVersions } from "../versions.js";
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
  readonly #versions = this.resource<AllVersions>();
  /** How many of them are drawn: the newest. */
  #shown = PAGE;
  #of = "";

  #variables(): { key: string; at: { known?: string; valid?: string }; corrections: boolean } {
    const { route } = this.context;
    const known = instantOf(route.known);
    const valid = instantOf(route.valid);
    return {
      key: route.entity, corrections: route.corrections === "1",
      at: { ...(valid === null ? {} : { valid: write(valid) }), ...(known === null ? {} : { known: write(known) }) },
    };
  }

  protected override want(): void {
    const { access, round } = this.context;
    const variables = this.#variables();
    if (variables.key !== this.#of) {
      this.#of = variables.key;
      this.#shown = PAGE;
    }
    this.#versions.ask(JSON.stringify([round, variables]), true, (signal) => allVersions(access, variables, signal));
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route } = context;
    const toggle = (event: Event): void => context.go({ corrections: (event.target as HTMLInputElement).checked ? "1" : "" });
    return html`<section class="card"><header><h2>${words.tabs["history"]}</h2><label class="check"><input type="checkbox" .checked=${route.corrections === "1"} @change=${toggle}>${words.corrections}</label></header>
      ${this.around(this.#versions, ({ versions, cut }) =>
        versions.length
          ? html`${cut ? html`<p class="note warn">${words.historyCut(versions.length)}</p>` : nothing}<ol>${this.#rows(versions).slice(0, this.#shown)}</ol>
            ${this.more({ items: versions.slice(-this.#shown), next: versions.length > this.#shown ? "older" : null }, async () => {
              this.#shown += PAGE;
              this.requestUpdate();
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
          <span class="small muted">${words.known(told(context, knownSince(one)))}</span>
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
