import { html, nothing, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { atOf, told } from "../context.js";
import { Told, type ToldData } from "../generated.js";
import { flowHref, table } from "../parts.js";
import { paged, type Paged } from "../resource.js";
import { actorOf } from "../values.js";
import { View } from "../view.js";

type Event = NonNullable<ToldData["entity"]>["events"]["edges"][number]["node"];
const PAGE = 50;

/** All events that said something about it, newest first, with what they said. */
export class ExplorerEvents extends View {
  readonly #events = this.resource<Paged<Event>>();

  protected override want(): void {
    const { route, access, round } = this.context;
    const variables = { key: route.entity, at: atOf(route), first: PAGE };
    this.#events.ask(JSON.stringify([round, variables]), true, async (signal) => {
      const { entity } = await ask(access, Told, variables, signal);
      return entity ? paged(entity.events) : { items: [], next: null };
    });
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route, access } = context;
    return html`<section class="card"><header><h2>${words.events}</h2></header>
      ${this.around(this.#events, (page) =>
        page.items.length
          ? html`${table(words.events, [words.event, words.happened, words.recorded, words.data], page.items.map(
              (one) => html`<tr><td><a href=${flowHref(context, one)} title=${words.openFlow(one.eventId)}>${one.type}</a><br><span class="small muted">${one.source} · ${one.eventId}${actorOf(one.data) ? html` · ${words.by(actorOf(one.data) as string)}` : nothing}</span></td>
                <td><time datetime=${one.time}>${told(context, one.time, "second")}</time></td><td><time datetime=${one.recordedAt}>${told(context, one.recordedAt, "second")}</time></td>
                <td><details><summary>${words.showData}</summary><pre class="code" tabindex="0" role="region" aria-label=${words.data}>${JSON.stringify(one.data, null, 2)}</pre></details></td></tr>`,
            ))}${this.more(page, async (after) => {
              const { entity } = await ask(access, Told, { key: route.entity, at: atOf(route), first: PAGE, after }, new AbortController().signal);
              if (entity) this.#events.put(paged(entity.events, page.items));
            })}`
          : this.nothingHere(words.eventsNone, words.eventsNoneSays),
      )}</section>`;
  }
}
customElements.define("ex-events", ExplorerEvents);
