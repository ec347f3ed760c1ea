import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { told } from "../context.js";
import { Health, type HealthData } from "../generated.js";
import { table } from "../parts.js";
import { base } from "../styles.js";
import { View } from "../view.js";
import "./letters.js";

/** How fresh and how complete answers are; and for operators, what could not be applied. */
export class ExplorerHealth extends View {
  static override styles: CSSResultGroup = [
    base,
    css`
      h1 { margin-block-end: 1rem; }
      .figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .75rem; margin-block-end: 1.25rem; }
      .figures > div { background: var(--surface); border: 1px solid var(--line); border-radius: 10px; padding: .8rem 1rem; display: grid; gap: .1rem; }
      .figures dt { color: var(--muted); font-size: .8125rem; }
      .figures dd { font-size: 1.25rem; font-weight: 620; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
      .figures .long dd { font-size: 1rem; }
      .figures .bad dd { color: var(--bad); }
      .card { margin-block-end: 1.25rem; }
    `,
  ];
  readonly #status = this.resource<HealthData["status"]>();
  #turn = 0;

  protected override want(): void {
    const { access, round } = this.context;
    this.#status.ask(`${round} ${this.#turn}`, true, async (signal) => (await ask(access, Health, {}, signal)).status);
  }

  protected override show(): TemplateResult {
    const { words } = this.context;
    return html`<h1>${words.health}</h1>${this.around(this.#status, (status) => this.#figures(status))}
      <section class="card"><header><div><h2>${words.letters}</h2><p class="small muted">${words.lettersSays}</p></div></header>
        <ex-letters .context=${this.context} .waiting=${this.#status.data?.deadLetters ?? null} .done=${this.#again}></ex-letters></section>`;
  }

  readonly #again = (): void => {
    this.#turn++;
    this.requestUpdate();
  };

  #figures(status: HealthData["status"]): TemplateResult {
    const { context } = this;
    const { words } = context;
    const figure = (name: string, value: unknown, sort = ""): TemplateResult => html`<div class=${sort}><dt>${name}</dt><dd>${value}</dd></div>`;
    return html`${status.ready ? nothing : html`<p class="note warn" role="status">${words.notReady}</p>`}
      <dl class="figures">
        ${figure(words.final, status.watermark ? told(context, status.watermark, "second") : words.none, "long")}
        ${figure(words.lag, words.lagSays(status.lagEvents), "long")}
        ${figure(words.letters, words.count(status.deadLetters), status.deadLetters ? "bad" : "")}
        ${figure(words.events, words.count(status.events))}${figure(words.entities, words.count(status.entities))}${figure(words.relationships, words.count(status.relationships))}</dl>
      <section class="card"><header><h2>${words.partitions}</h2></header>${table(words.partitions, [words.topic, [words.partition, "num"], [words.applied, "num"], [words.end, "num"], [words.behind, "num"], words.lastRecord], status.partitions.map(
        (one) => html`<tr><td class="mono">${one.topic}</td><td class="num">${one.partition}</td><td class="num">${one.position ?? words.none}</td><td class="num">${one.end ?? words.none}</td><td class="num">${words.count(one.lagEvents)}</td><td>${one.recordedAt ? told(context, one.recordedAt, "second") : words.none}</td></tr>`,
      ))}</section>`;
  }
}
customElements.define("ex-health", ExplorerHealth);
