import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { SECOND, nowMicros, parseInstant, tell, write } from "@element/time.js";
import { atOf, href, instantOf, kindLabel, ownerTypes, told } from "../context.js";
import { Head, Owners, Traces, type HeadData, type Ref, type TracesData } from "../generated.js";
import { entityLink, kindMark, short } from "../parts.js";
import { TABS } from "../route.js";
import { base } from "../styles.js";
import { View } from "../view.js";
import "./compare.js";
import "./events.js";
import "./history.js";
import "./impact.js";
import "./overview.js";
import "./relationships.js";
import "./why.js";

interface Known {
  readonly head: HeadData;
  /** Where it is not there: what was ever recorded of it. */
  readonly traces: TracesData["changes"]["edges"] | null;
}

/** One entity: what it is called, whose it is, at which instant; and below, one of the views of it. */
export class ExplorerEntity extends View {
  static override styles: CSSResultGroup = [
    base,
    css`
      .head { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: .25rem 1rem; align-items: center; margin-block-end: 1rem; }
      .badge { inline-size: 2.75rem; block-size: 2.75rem; border-radius: 10px; background: var(--surface); border: 1px solid var(--line); display: grid; place-items: center; }
      .badge svg { inline-size: 1.4rem; block-size: 1.4rem; overflow: visible; }
      h1 { overflow-wrap: anywhere; unicode-bidi: plaintext; text-align: match-parent; }
      .facts { display: flex; flex-wrap: wrap; gap: .15rem .8rem; color: var(--muted); font-size: .8125rem; align-items: center; min-block-size: 1.75rem; }
      .facts .mono { overflow-wrap: anywhere; }
      .facts button { block-size: 1.5rem; padding: 0 .4rem; font-size: .75rem; color: var(--muted); }
      .tabs { position: relative; display: flex; gap: .25rem; border-block-end: 1px solid var(--line); margin-block-end: 1.25rem; overflow-x: auto; scrollbar-width: none; }
      .tabs a { color: var(--muted); padding: .55rem .75rem; font-weight: 520; white-space: nowrap; border-block-end: 2px solid transparent; margin-block-end: -1px; border-radius: 6px 6px 0 0; }
      .tabs a:hover { color: var(--text); text-decoration: none; background: var(--raised); }
      .tabs a[aria-current="page"] { color: var(--text); border-color: var(--accent); }
      .tabs a:focus-visible { outline-offset: -2px; }
      @media (max-width: 40rem) {
        .head { grid-template-columns: auto minmax(0, 1fr); }
        .head ex-when { grid-column: 1 / -1; }
        .badge { inline-size: 2.25rem; block-size: 2.25rem; align-self: start; }
        h1 { font-size: 1.25rem; }
      }
      @media (forced-colors: active) { .tabs a { border-color: Canvas; } .tabs a[aria-current="page"] { border-color: Highlight; border-width: 4px; } }
    `,
  ];
  readonly #known = this.resource<Known>();
  readonly #owners = this.resource<readonly Ref[]>();
  #keyOf = "";
  #copied = false;

  protected override want(): void {
    const { route, access, round } = this.context;
    const key = route.entity;
    const variables = { key, at: atOf(route) };
    const same = this.#keyOf === key;
    this.#keyOf = key;
    const types = ownerTypes(this.context);
    if (types.length) {
      this.#owners.ask(JSON.stringify([round, variables, types]), same, async (signal) => {
        const { entity } = await ask(access, Owners, { ...variables, types }, signal);
        return entity?.relationships.edges.map((edge) => edge.node.target) ?? [];
      });
    }
    this.#known.ask(JSON.stringify([round, variables]), same, async (signal) => {
      const head = await ask(access, Head, variables, signal);
      return { head, traces: head.entity ? null : (await ask(access, Traces, { key }, signal)).changes.edges };
    });
  }

  protected override updated(): void {
    // Of many, the one that is shown is seen.
    const strip = this.renderRoot.querySelector(".tabs");
    const tab = strip?.querySelector<HTMLElement>('[aria-current="page"]');
    if (strip && tab && (tab.offsetLeft < strip.scrollLeft || tab.offsetLeft + tab.offsetWidth > strip.scrollLeft + strip.clientWidth)) strip.scrollLeft = tab.offsetLeft - 24;
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route } = context;
    const known = this.#known.data;
    const entity = known?.head.entity ?? null;
    const traced = known?.traces?.find((one) => one.node.entity?.key === route.entity)?.node.entity ?? null;
    const kind = entity?.kind ?? traced?.kind ?? route.entity.split(":")[0] ?? "";
    const name = entity?.name ?? traced?.name ?? route.entity;
    const owners = entity ? (this.#owners.data ?? []) : [];
    const valid = instantOf(route.valid);
    return html`<div class="head">
        <span class="badge">${kindMark(context, kind)}</span>
        <div><h1 title=${name.length > 90 ? name : nothing}>${short(name)}</h1>
          <div class="facts"><span>${kindLabel(context, kind)}</span>${name === route.entity ? nothing : html`<span class="mono">${short(route.entity)}</span>`}
            <button class="plain" @click=${this.#copy}>${this.#copied ? words.copied : words.copy}</button>
            ${owners.length ? html`<span>${words.ownedBy} ${owners.map((one) => html`${entityLink(context, one)} `)}</span>` : nothing}
            ${entity?.validFrom && entity.declared ? html`<span>${words.since(told(context, entity.validFrom, "day"))}</span>` : nothing}
            ${entity?.validTo ? html`<span>${words.until(told(context, entity.validTo, "day"))}</span>` : nothing}
            ${entity?.ended ? html`<span class="chip dashed" title=${words.endedSays}>${words.ended}</span>` : nothing}
            ${entity && !entity.declared && !entity.ended ? html`<span class="chip dashed" title=${words.undeclaredSays}>${words.undeclared}</span>` : nothing}
          </div></div>
        <ex-when .context=${context}></ex-when></div>
      <nav class="tabs" aria-label=${words.views}>${TABS.map((tab) => html`<a href=${href(context, { tab, rel: "", target: "" })} aria-current=${route.tab === tab ? "page" : nothing}>${words.tabs[tab]}</a>`)}</nav>
      ${valid !== null && valid > nowMicros() ? html`<p class="note">${words.inFuture}</p>` : nothing}
      ${known && !entity && route.tab !== "why" && route.tab !== "compare" ? this.#absent(known) : known || !this.#known.trouble ? this.#tab() : this.around(this.#known, () => nothing)}`;
  }

  readonly #copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(this.context.route.entity);
      this.#copied = true;
      this.context.say(this.context.words.copied);
      setTimeout(() => {
        this.#copied = false;
        this.requestUpdate();
      }, 2_000);
    } catch {
      // Not every page may write there: the key can still be marked and copied.
    }
    this.requestUpdate();
  };

  /** It is not there then; where it can be seen, or that nothing is known of it at all. */
  #absent({ traces }: Known): TemplateResult {
    const { context } = this;
    const { words, route, lang, zone } = context;
    const why = html`<a href=${href(context, { tab: "why" })}>${words.unknownWhy}</a>`;
    if (!traces?.length) return html`<div class="card">${this.nothingHere(words.unknown(short(route.entity)), words.unknownSays, html`<div class="row">${why}</div>`)}</div>`;
    const at = instantOf(route.valid) ?? nowMicros();
    // Where it ends, it was there a second before.
    const times = traces.map(({ node }) => (parseInstant(node.validFrom) ?? 0) - (node.kind === "ENDED" ? SECOND : 0)).sort((a, b) => a - b);
    const nearest = [times.findLast((one) => one < at), times.find((one) => one > at)].filter((one) => one !== undefined);
    const known = instantOf(route.known);
    if (known !== null && traces.every(({ node }) => (parseInstant(node.recordedAt) ?? 0) > known)) {
      const free = html`<button @click=${() => context.go({ known: "", then: "" })}>${words.allKnown}</button>`;
      return html`<div class="card">${this.nothingHere(words.notYetKnown(short(route.entity), tell(known, lang, zone)), words.notYetKnownSays, html`<div class="row">${free}${why}</div>`)}</div>`;
    }
    const title = words.notThen(short(route.entity), tell(at, lang, zone));
    return html`<div class="card">${this.nothingHere(title, words.notThenSays, html`<div class="row">${nearest.map(
      (one) => html`<button @click=${() => context.go({ valid: write(one), known: "", then: "" })}>${words.goTo(tell(one, lang, zone))}</button>`,
    )}</div><div class="row">${why}</div>`)}</div>`;
  }

  #tab(): TemplateResult {
    const { context } = this;
    switch (context.route.tab) {
      case "overview":
        return html`<ex-overview .context=${context}></ex-overview>`;
      case "history":
        return html`<ex-history .context=${context}></ex-history>`;
      case "relationships":
        return html`<ex-relationships .context=${context}></ex-relationships>`;
      case "events":
        return html`<ex-events .context=${context}></ex-events>`;
      case "impact":
        return html`<ex-impact .context=${context}></ex-impact>`;
      case "compare":
        return html`<ex-compare .context=${context}></ex-compare>`;
      case "why":
        return html`<ex-why .context=${context}></ex-why>`;
      default:
        return context.route.tab satisfies never;
    }
  }
}
customElements.define("ex-entity", ExplorerEntity);
