import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { DAY, nowMicros, tell, write } from "@element/time.js";
import { atOf, instantOf, kindLabel, type Context } from "../context.js";
import { Drift, type DriftData, type Step } from "../generated.js";
import { entityLink, eventView, save, table } from "../parts.js";
import { base } from "../styles.js";
import { csv } from "../values.js";
import { View } from "../view.js";
import "../picture.js";

type Found = DriftData["impactDrift"];
const DEPTH = 5;

/** Which instant to compare with: for those who have not chosen one. */
export function agoView(context: Context, says: string): TemplateResult {
  const at = instantOf(context.route.valid) ?? nowMicros();
  return html`<div class="row"><span class="muted">${says}</span>${Object.entries(context.words.ago).map(
    ([days, label]) => html`<button @click=${() => context.go({ compare: write(Math.round((at - Number(days) * DAY) / 1e6) * 1e6) })}>${label}</button>`,
  )}</div>`;
}

/** What depends on it, as picture and table with owners; and how that changed since another instant. */
export class ExplorerImpact extends View {
  static override styles: CSSResultGroup = [base, css`.card { margin-block-start: 1.25rem; } .chip.ENTERED { color: var(--bad); } .chip.LEFT { color: var(--good); } .chip.MOVED { color: var(--warn); } .chip { border-color: currentColor; background: none; }`];
  readonly #drift = this.resource<Found>();

  protected override want(): void {
    const { route, access, round } = this.context;
    if (instantOf(route.compare) === null) {
      this.#drift.drop();
      return;
    }
    const variables = { of: [route.entity], from: atOf(route, route.compare), to: atOf(route), direction: route.impact === "dependents" ? ("DEPENDENTS" as const) : ("DEPENDENCIES" as const), maxDepth: DEPTH };
    this.#drift.ask(JSON.stringify([round, variables]), true, async (signal) => (await ask(access, Drift, variables, signal)).impactDrift);
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route, lang, zone } = context;
    const from = instantOf(route.compare);
    const to = instantOf(route.valid) ?? nowMicros();
    return html`<ex-picture .context=${context}></ex-picture>
      <section class="card"><header><div><h2>${words.drift}</h2>${from === null ? nothing : html`<p class="small muted">${words.driftSays(tell(from, lang, zone), tell(to, lang, zone))}</p>`}</div>
        ${this.#drift.data ? html`<button @click=${() => this.#save(this.#drift.data as Found)}>${words.csv}</button>` : nothing}</header>
        ${from === null ? html`<div class="body">${agoView(context, words.driftChoose)}</div>` : this.around(this.#drift, (found) => this.#table(found))}</section>`;
  }

  #rows(found: Found): { name: string; sort: string; step: Step }[] {
    const { words } = this.context;
    const of = (sort: string, name: string, steps: readonly Step[]): { name: string; sort: string; step: Step }[] => steps.map((step) => ({ name, sort, step }));
    return [...of("ENTERED", words.entered, found.entered), ...of("LEFT", words.left, found.left), ...of("MOVED", words.moved, found.moved)];
  }

  #table(found: Found): TemplateResult {
    const { context } = this;
    const { words } = context;
    const rows = this.#rows(found);
    const cut = found.before.truncated ?? found.after.truncated;
    return html`<p class="tail muted">${words.driftCount(found.before.count, found.after.count, found.unchanged)}${cut ? html`. ${words.cut(cut.detail)}` : nothing}</p>
      ${
        rows.length
          ? table(words.drift, [words.state, words.entity, words.kind, [words.distance, "num"], words.because], rows.map(
              ({ name, sort, step }) => html`<tr><td class="thin"><span class="chip ${sort}">${sort === "ENTERED" ? "+" : sort === "LEFT" ? "−" : "△"} ${name}</span></td><td>${entityLink(context, step.entity)}</td><td>${kindLabel(context, step.entity.kind)}</td>
                <td class="num">${step.distanceBefore !== null && step.distanceAfter !== null ? words.closer(step.distanceBefore, step.distanceAfter) : (step.distanceBefore ?? step.distanceAfter)}</td><td>${eventView(context, step.event)}</td></tr>`,
            ))
          : this.nothingHere(words.driftNone)
      }`;
  }

  #save(found: Found): void {
    const rows = this.#rows(found).map(({ name, step }) => [
      name, step.entity.key, step.entity.name, step.entity.kind, step.distanceBefore, step.distanceAfter, step.event?.eventId ?? "", step.event?.type ?? "", step.event?.time ?? "",
    ]);
    save(csv([[...this.context.words.driftHeads], ...rows]), `drift-${this.context.route.entity}`);
  }
}
customElements.define("ex-impact", ExplorerImpact);
