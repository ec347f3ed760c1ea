import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { atOf, told } from "../context.js";
import { Explain, type ExplainData, type Stretch } from "../generated.js";
import { eventView, table } from "../parts.js";
import { base } from "../styles.js";
import { actorOf, properties, valueText } from "../values.js";
import { View } from "../view.js";
import "../search.js";

type Explanation = ExplainData["explain"];

/** Why something is there at the instant, or why it is not: the reason, the events and rules behind it, and what was learnt since. */
export class ExplorerWhy extends View {
  static override styles: CSSResultGroup = [
    base,
    css`
      .asked { display: grid; grid-template-columns: minmax(10rem, 16rem) minmax(0, 1fr); gap: .75rem 1rem; align-items: end; }
      .answer { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: .1rem 1rem; align-items: start; }
      .answer .sign { inline-size: 2.25rem; block-size: 2.25rem; padding: .45rem; border-radius: 50%; border: 2px solid currentColor; grid-row: span 2; color: var(--good); }
      .answer .sign.not { color: var(--bad); border-radius: 8px; }
      .summary { margin-block-start: .75rem; overflow-wrap: anywhere; }
      .lines li { padding: .55rem 0; border-block-end: 1px solid var(--line); }
      .lines li:last-child { border: 0; padding-block-end: 0; } .lines li:first-child { padding-block-start: 0; }
      .asking { margin-block-end: 1rem; } .columns { margin-block-start: 1rem; }
      @media (max-width: 40rem) { .asked { grid-template-columns: minmax(0, 1fr); } }
    `,
  ];
  readonly #why = this.resource<Explanation>(() => {
    const found = this.#why.data;
    if (found) this.context.say(`${found.holds ? this.context.words.holds : this.context.words.holdsNot}. ${this.context.words.reasons[found.reason] ?? ""}`);
  });

  protected override want(): void {
    const { route, access, round } = this.context;
    // A relationship is asked about when both of its ends are named.
    if (route.rel && !route.target) {
      this.#why.drop();
      return;
    }
    const variables = { key: route.entity, at: atOf(route), ...(route.rel ? { type: route.rel, target: route.target } : {}) };
    this.#why.ask(JSON.stringify([round, variables]), true, async (signal) => (await ask(access, Explain, variables, signal)).explain);
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route, glossary } = context;
    const choose = (event: Event): void => {
      const rel = (event.target as HTMLSelectElement).value;
      context.go({ rel, target: rel ? route.target : "" });
    };
    return html`<section class="card asking"><header><div><h2>${words.whyTitle}</h2><p class="small muted">${words.whySays}</p></div></header><div class="body asked">
        <label class="field">${words.whyType}<select @change=${choose}><option value="" ?selected=${route.rel === ""}>${words.whyItself}</option>
          ${glossary.relationshipTypes.map((one) => html`<option value=${one.type} ?selected=${one.type === route.rel}>${one.label || one.type}</option>`)}</select></label>
        ${route.rel ? html`<div class="field"><ex-search .context=${context} label=${words.whyTarget} .value=${route.target} .picked=${(target: string) => context.go({ target })}></ex-search></div>` : nothing}
      </div></section>
      ${route.rel && !route.target ? nothing : this.around(this.#why, (found) => this.#answer(found))}`;
  }

  #answer(found: Explanation): TemplateResult {
    const { context } = this;
    const { words } = context;
    return html`<section class="card"><div class="body"><div class="answer">
        <svg class="sign ${found.holds ? "" : "not"}" viewBox="0 0 16 16" aria-hidden="true"><path d=${found.holds ? "M3.5 8.5l3 3 6-7" : "M4 4l8 8M12 4l-8 8"}></path></svg>
        <h2>${found.holds ? words.holds : words.holdsNot}</h2><p class="muted">${words.reasons[found.reason] ?? found.reason}</p></div>
        <p class="summary" dir="auto">${found.summary}</p></div></section>
      <div class="columns">
        <section class="card"><header><h3>${words.proof}</h3></header><div class="body">${
          found.events.length ? html`<ul class="lines">${found.events.map((one) => html`<li>${eventView(context, one, actorOf(one.data))}</li>`)}</ul>` : html`<p class="muted">${words.noEvents}</p>`
        }</div></section>
        ${found.versions.length ? this.#stretches(words.version, found.versions) : nothing}
        ${found.superseded.length ? this.#stretches(words.superseded, found.superseded) : nothing}
        ${
          found.corrections.length
            ? html`<section class="card"><header><h3>${words.correctionsHead}</h3></header><div class="body"><ul class="lines">${found.corrections.map(
                (one) => html`<li>${told(context, one.before.validFrom)} – ${one.before.validTo ? told(context, one.before.validTo) : words.none}: ${words.believedUntil(told(context, one.recordedAt))}${eventView(context, one.event)}</li>`,
              )}</ul></div></section>`
            : nothing
        }
        ${found.deadLetters.length ? html`<section class="card"><header><h3>${words.waiting}</h3></header><div class="body"><ul class="lines">${found.deadLetters.map((one) => html`<li class="mono">${one.origin} · ${told(context, one.recordedAt)}</li>`)}</ul></div></section>` : nothing}
        ${
          found.rules.length
            ? html`<section class="card"><header><h3>${words.rules}</h3></header>${table(words.rules, [words.rule, words.file, words.version], found.rules.map((one) => html`<tr><td>${one.rule}</td><td class="mono">${one.file}</td><td class="mono">${one.version}</td></tr>`))}</section>`
            : nothing
        }
      </div>`;
  }

  #stretches(title: string, versions: readonly Stretch[]): TemplateResult {
    const { context } = this;
    const { words } = context;
    return html`<section class="card"><header><h3>${title}</h3></header><div class="body"><ul class="lines">${versions.map((one) => {
      const given = Object.entries(properties(one.properties));
      return html`<li><time>${told(context, one.validFrom, "second")}</time> ${one.validTo ? html`– <time>${told(context, one.validTo, "second")}</time>` : nothing}
        <span class="small muted">· ${words.known(told(context, one.knownFrom, "second"))}${one.knownTo ? ` · ${words.believedUntil(told(context, one.knownTo, "second"))}` : ""}</span>
        ${given.length ? html`<br><span class="small" dir="auto">${given.map(([name, value]) => `${name}: ${valueText(value)}`).join(", ")}</span>` : nothing}</li>`;
    })}</ul></div></section>`;
  }
}
customElements.define("ex-why", ExplorerWhy);
