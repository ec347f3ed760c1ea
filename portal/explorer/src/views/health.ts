import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { told } from "../context.js";
import { Health, Letters, type HealthData, type LettersData } from "../generated.js";
import { table } from "../parts.js";
import { paged, type Paged } from "../resource.js";
import { base } from "../styles.js";
import { View } from "../view.js";

type Letter = LettersData["deadLetters"]["edges"][number]["node"];
const PAGE = 50;

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
  readonly #letters = this.resource<Paged<Letter>>();

  protected override want(): void {
    const { access, round } = this.context;
    this.#status.ask(String(round), true, async (signal) => (await ask(access, Health, {}, signal)).status);
    this.#letters.ask(String(round), true, async (signal) => paged((await ask(access, Letters, { first: PAGE }, signal)).deadLetters));
  }

  protected override show(): TemplateResult {
    const { words } = this.context;
    return html`<h1>${words.health}</h1>${this.around(this.#status, (status) => this.#figures(status))}
      <section class="card"><header><div><h2>${words.letters}</h2><p class="small muted">${words.lettersSays}</p></div></header>${this.#deadLetters()}</section>`;
  }

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

  #deadLetters(): TemplateResult {
    const { context } = this;
    const { words } = context;
    // Not for everybody: then it is said how many there are, and who may see them.
    if (this.#letters.trouble?.kind === "forbidden") {
      return this.around(this.#status, (status) => this.nothingHere(words.lettersForbidden, words.lettersForbiddenSays(status.deadLetters)));
    }
    return this.around(this.#letters, (page) =>
      page.items.length
        ? html`${table(words.letters, [words.state, words.reason, words.message, words.event, words.origin, words.recorded, [words.attempts, "num"]], page.items.map(
            (one) => html`<tr><td><span class="chip">${one.state.toLowerCase()}</span></td><td class="mono">${one.reason}</td><td>${one.message}${one.note ? html`<br><span class="small muted">${one.note}</span>` : nothing}</td>
              <td>${one.eventType ?? words.none}${one.eventId ? html`<br><span class="small muted">${one.source} · ${one.eventId}</span>` : nothing}</td><td class="mono">${one.origin}</td><td><time datetime=${one.recordedAt}>${told(context, one.recordedAt, "second")}</time></td><td class="num">${one.attempts}</td></tr>`,
          ))}${this.more(page, async (after) => this.#letters.put(paged((await ask(context.access, Letters, { first: PAGE, after }, new AbortController().signal)).deadLetters, page.items)))}
          <p class="tail muted">${words.replayHint}</p>`
        : this.nothingHere(words.lettersNone),
    );
  }
}
customElements.define("ex-health", ExplorerHealth);
