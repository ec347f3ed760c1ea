import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { told } from "../context.js";
import { cascade, eventName, lasting, type Branch } from "../cascade.js";
import { Correlated, Flow, type EventLine, type FlowData } from "../generated.js";
import { entityLink, flowHref } from "../parts.js";
import { paged, type Paged } from "../resource.js";
import { base } from "../styles.js";
import { actorOf } from "../values.js";
import { View } from "../view.js";

type Event = NonNullable<FlowData["event"]>;
const PAGE = 200;

/** One event: what it said and touched, and the flow of work that it belongs to as a cascade. */
export class ExplorerFlow extends View {
  static override styles: CSSResultGroup = [
    base,
    css`
      .title { margin-block-end: 1.25rem; display: grid; gap: .15rem; }
      .columns { grid-template-columns: minmax(0, 5fr) minmax(0, 4fr); }
      .tree { padding: .5rem 1rem 1rem; }
      .tree ol { margin-inline-start: .45rem; border-inline-start: 2px solid var(--line); padding-inline-start: 1.1rem; }
      .tree li { position: relative; }
      .step { padding: .5rem .7rem; margin-block-start: .4rem; border: 1px solid var(--line); border-radius: 8px; display: grid; gap: .05rem; background: var(--surface); }
      .step.here { border-color: var(--accent); background: var(--tint); }
      .step .row { justify-content: space-between; gap: .25rem .75rem; }
      .step a { font-weight: 560; }
      .touched li { padding-block: .2rem; }
      .part + .part { margin-block-start: 1.25rem; }
      .part h3 { margin-block-end: .4rem; }
      @media (max-width: 60rem) { .columns { grid-template-columns: minmax(0, 1fr); } }
    `,
  ];
  readonly #event = this.resource<{ event: Event | null }>();
  readonly #flow = this.resource<Paged<EventLine>>();

  protected override want(): void {
    const { route, access, round } = this.context;
    if (route.source && route.event) {
      this.#event.ask(JSON.stringify([round, route.source, route.event]), true, async (signal) => ({ event: (await ask(access, Flow, { source: route.source, id: route.event }, signal)).event }));
    } else this.#event.drop();
    const correlation = route.correlation || this.#event.data?.event?.correlationId || "";
    if (!correlation) this.#flow.drop();
    else {
      this.#flow.ask(JSON.stringify([round, correlation]), true, async (signal) =>
        paged((await ask(access, Correlated, { filter: { correlationId: correlation }, first: PAGE }, signal)).events),
      );
    }
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route } = context;
    const event = this.#event.data?.event ?? null;
    return html`<div class="title"><p class="small muted">${words.flowTitle}</p><h1>${event?.type ?? (route.event || route.correlation)}</h1></div>
      <div class="columns">
        <section class="card"><header><h2>${words.cascade}</h2>${this.#flow.data ? html`<p class="small muted">${words.cascadeSays(this.#all().length)}</p>` : nothing}</header><div class="tree">${this.#tree()}</div></section>
        <section class="card">${route.event ? this.around(this.#event, (found) => (found.event ? this.#details(found.event) : this.nothingHere(words.flowNone, words.flowNoneSays))) : nothing}</section>
      </div>`;
  }

  #all(): EventLine[] {
    const event = this.#event.data?.event;
    return [...new Map([...(event ? [...event.causes, event, ...event.effects] : []), ...(this.#flow.data?.items ?? [])].map((one) => [eventName(one), one])).values()];
  }

  #tree(): unknown {
    const { words } = this.context;
    const all = this.#all();
    if (!all.length) return this.#event.trouble ? nothing : this.around(this.#flow, () => html`<p class="muted">${words.cascadeAlone}</p>`);
    const start = Math.min(...all.map((one) => Date.parse(one.time)));
    const page = this.#flow.data;
    return html`<ul>${cascade(all).map((one) => this.#branch(one, start))}</ul>
      ${all.length === 1 ? html`<p class="muted small">${words.cascadeAlone}</p>` : nothing}
      ${
        page?.next
          ? this.more(page, async (after) => {
              const filter = { correlationId: this.context.route.correlation || this.#event.data?.event?.correlationId || "" };
              const { events } = await ask(this.context.access, Correlated, { filter, first: PAGE, after }, new AbortController().signal);
              this.#flow.put(paged(events, page.items));
            })
          : nothing
      }`;
  }

  #branch({ event, below }: Branch, start: number): TemplateResult {
    const { context } = this;
    const { words, route } = context;
    const here = event.source === route.source && event.eventId === route.event;
    const since = Date.parse(event.time) - start;
    return html`<li><div class="step ${here ? "here" : ""}"><div class="row"><a href=${flowHref(context, event)} aria-current=${here ? "true" : nothing}>${event.type}</a><span class="small muted">${since > 0 ? words.after(lasting(since)) : nothing}</span></div>
        <span class="small muted"><time datetime=${event.time}>${told(context, event.time, "second")}</time> · ${event.source} · ${event.eventId}</span></div>
      ${below.length ? html`<ol>${below.map((one) => this.#branch(one, start))}</ol>` : nothing}</li>`;
  }

  #details(event: Event): TemplateResult {
    const { context } = this;
    const { words } = context;
    const actor = actorOf(event.data);
    return html`<header><h2>${words.event}</h2></header><div class="body">
      <dl class="facts part"><dt>${words.happened}</dt><dd>${told(context, event.time, "second")}</dd><dt>${words.recorded}</dt><dd>${told(context, event.recordedAt, "second")}</dd>
        <dt>${words.source}</dt><dd>${event.source}</dd><dt>${words.id}</dt><dd class="mono">${event.eventId}</dd>
        ${event.subject ? html`<dt>${words.subject}</dt><dd>${event.subject}</dd>` : nothing}${actor ? html`<dt>${words.by("").trim()}</dt><dd>${actor}</dd>` : nothing}
        ${event.correlationId ? html`<dt>${words.correlation}</dt><dd class="mono">${event.correlationId}</dd>` : nothing}${event.causationId ? html`<dt>${words.cause}</dt><dd class="mono">${event.causationId}</dd>` : nothing}
        <dt>${words.position}</dt><dd class="mono">${event.topic}/${event.partition}/${event.offset}</dd></dl>
      <div class="part"><h3>${words.touched}</h3>${event.entities.length ? html`<ul class="touched">${event.entities.map((one) => html`<li>${entityLink(context, one)}</li>`)}</ul>` : html`<p class="muted">${words.nothingTouched}</p>`}</div>
      <div class="part"><h3>${words.data}</h3><pre class="code" tabindex="0" role="region" aria-label=${words.data}>${JSON.stringify(event.data, null, 2)}</pre></div></div>`;
  }
}
customElements.define("ex-flow", ExplorerFlow);
