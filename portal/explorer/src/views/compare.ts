import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { nowMicros, tell } from "@element/time.js";
import { atOf, instantOf } from "../context.js";
import { Differ, type DifferData } from "../generated.js";
import { changeChip, entityLink, eventView, table, tieView } from "../parts.js";
import { paged, type Paged } from "../resource.js";
import { base } from "../styles.js";
import { properties, valueText } from "../values.js";
import { View } from "../view.js";
import { agoView } from "./impact.js";
import "../picture.js";

type Difference = DifferData["diff"]["edges"][number]["node"];
const PAGE = 100;

/** Two instants of one entity: on the picture, and as a list with the event behind each difference. */
export class ExplorerCompare extends View {
  static override styles: CSSResultGroup = [base, css`.card { margin-block-start: 1.25rem; } .values { display: grid; gap: .1rem; margin-block-start: .25rem; }`];
  readonly #found = this.resource<Paged<Difference>>();

  #variables(): { from: object; to: object; around: string; first: number } {
    const { route } = this.context;
    const to = instantOf(route.valid);
    const from = instantOf(route.compare);
    // From the earlier to the later, as people mean it.
    const turned = from !== null && to !== null && to < from;
    const points = [atOf(route, route.compare), atOf(route)];
    return { from: points[turned ? 1 : 0] ?? {}, to: points[turned ? 0 : 1] ?? {}, around: route.entity, first: PAGE };
  }

  protected override want(): void {
    const { route, access, round } = this.context;
    if (instantOf(route.compare) === null) {
      this.#found.drop();
      return;
    }
    const variables = this.#variables();
    this.#found.ask(JSON.stringify([round, variables]), true, async (signal) => paged((await ask(access, Differ, variables, signal)).diff));
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route, lang, zone, access } = context;
    const from = instantOf(route.compare);
    if (from === null) return html`<section class="card">${this.nothingHere(words.compareChoose, nothing, agoView(context, words.compareChooseSays))}</section>`;
    return html`<ex-picture .context=${context}></ex-picture>
      <section class="card"><header><div><h2>${words.differences}</h2><p class="small muted">${words.driftSays(tell(Math.min(from, instantOf(route.valid) ?? nowMicros()), lang, zone), tell(Math.max(from, instantOf(route.valid) ?? nowMicros()), lang, zone))}</p></div>
          <button @click=${() => context.go({ compare: "" })}>${words.endCompare}</button></header>
        ${this.around(this.#found, (page) =>
          page.items.length
            ? html`${table(words.differences, [words.what, words.entity, words.event], page.items.map((one) => this.#row(one)))}${this.more(page, async (after) => {
                const { diff } = await ask(access, Differ, { ...this.#variables(), after }, new AbortController().signal);
                this.#found.put(paged(diff, page.items));
              })}`
            : this.nothingHere(words.compareNone),
        )}</section>`;
  }

  #row(one: Difference): TemplateResult {
    const { context } = this;
    const was = properties(one.before?.properties);
    const is = properties(one.after?.properties);
    const names = one.kind === "CHANGED" ? [...new Set([...Object.keys(was), ...Object.keys(is)])].filter((name) => valueText(was[name] ?? null) !== valueText(is[name] ?? null)).sort() : [];
    return html`<tr><td class="thin">${changeChip(context, one.kind)}</td><td>${one.entity ? entityLink(context, one.entity) : one.relationship ? tieView(context, one.relationship) : nothing}
        ${names.length ? html`<span class="values small">${names.map((name) => html`<span><span class="muted">${name}:</span> ${name in was ? html`<del>${valueText(was[name])}</del> ` : nothing}${name in is ? html`<ins>${valueText(is[name])}</ins>` : nothing}</span>`)}</span>` : nothing}</td>
      <td>${eventView(context, one.event)}</td></tr>`;
  }
}
customElements.define("ex-compare", ExplorerCompare);
