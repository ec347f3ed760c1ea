import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { Trouble, ask, follow } from "@element/client.js";
import { href, told } from "../context.js";
import { Activity, Landing, type ActivityVariables, type ChangeRow } from "../generated.js";
import { changeChip, choice, entityLink, eventView, kindOptions, table, tieView, typeOptions } from "../parts.js";
import { paged, type Paged } from "../resource.js";
import { CHANGE_KINDS, listOf, type Route } from "../route.js";
import { Seen } from "../seen.js";
import { base } from "../styles.js";
import { View } from "../view.js";

const PAGE = 50;
const RETRY_MS_MAX = 30_000;
const SAY_MS = 1_500;
const FRESH_MAX = 500;

/** Every change as it lands: what was there, and what comes while one looks. */
export class ExplorerActivity extends View {
  static override styles: CSSResultGroup = [
    base,
    css`
      .title { margin-block-end: 1rem; }
      .live { display: inline-flex; gap: .4rem; align-items: center; }
      .dot { inline-size: .55rem; block-size: .55rem; border-radius: 50%; background: var(--muted); }
      .dot.on { background: var(--good); box-shadow: 0 0 0 3px color-mix(in srgb, var(--good) 25%, transparent); }
      .dot.lost { background: none; border: 2px solid var(--warn); }
      tr.fresh td { background: var(--tint); }
      td:first-child { min-inline-size: 7.5rem; }
      .filters { padding: .75rem 1rem; border-block-end: 1px solid var(--line); }
    `,
  ];
  readonly #rows = this.resource<Paged<ChangeRow>>(() => this.#listen());
  #fresh: readonly ChangeRow[] = [];
  #following: AbortController | null = null;
  #live = true;
  #listening = false;
  #asked = "";
  #landed = 0;
  #sayTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #seen = new Seen(this, (seen) => {
    if (seen) this.#listen();
    else this.#hush();
  });

  #filter(): NonNullable<ActivityVariables["filter"]> {
    const { route } = this.context;
    const kinds = listOf(route.kinds);
    const types = listOf(route.types);
    return {
      ...(kinds.length ? { kinds } : {}), ...(types.length ? { types } : {}), ...(route.what ? { changes: [route.what] } : {}),
      ...(route.corrections ? { corrects: true } : {}), ...(route.entity ? { around: [route.entity] } : {}),
    };
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#hush();
    this.#asked = "";
    clearTimeout(this.#sayTimer);
  }

  protected override want(): void {
    const { access, round } = this.context;
    const filter = this.#filter();
    const name = JSON.stringify([round, filter]);
    if (name !== this.#asked) {
      this.#asked = name;
      this.#fresh = [];
      this.#hush();
    }
    this.#rows.ask(name, true, async (signal) => paged((await ask(access, Activity, { filter, first: PAGE }, signal)).changes));
  }

  /** Follow what lands behind the newest that was read, for as long as it is wanted. */
  #listen(): void {
    if (this.#live && this.#seen.now && !this.#following && this.isConnected) void this.#follow();
  }

  #hush(): void {
    this.#listening = false;
    this.#following?.abort();
    this.#following = null;
  }

  async #follow(): Promise<void> {
    const following = (this.#following = new AbortController());
    const { signal } = following;
    let after = this.#fresh[0]?.cursor ?? this.#rows.data?.items[0]?.cursor ?? null;
    let wait_ms = 1_000;
    while (!signal.aborted) {
      try {
        await follow(this.context.access, Landing, { filter: this.#filter(), after }, signal, ({ changes }) => {
          after = changes.cursor;
          this.#land(changes);
        }, () => {
          wait_ms = 1_000;
          this.#listening = true;
          this.requestUpdate();
        });
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Trouble && (error.kind === "expired" || error.kind === "forbidden")) {
          this.#listening = false;
          this.#following = null;
          this.context.troubled(error);
          return;
        }
        if (error instanceof Trouble && typeof error.extensions["cursor"] === "string") after = error.extensions["cursor"];
      }
      if (signal.aborted) return;
      this.#listening = false;
      this.requestUpdate();
      await new Promise((done) => setTimeout(done, wait_ms));
      wait_ms = Math.min(wait_ms * 2, RETRY_MS_MAX);
    }
  }

  #land(change: ChangeRow): void {
    const known = this.#rows.data?.items ?? [];
    if (known.some((one) => one.cursor === change.cursor) || this.#fresh.some((one) => one.cursor === change.cursor)) return;
    this.#fresh = [change, ...this.#fresh].slice(0, FRESH_MAX);
    this.#landed++;
    clearTimeout(this.#sayTimer);
    // Many at once are said once.
    this.#sayTimer = setTimeout(() => {
      this.context.say(this.context.words.landed(this.#landed));
      this.#landed = 0;
    }, SAY_MS);
    this.requestUpdate();
  }

  readonly #toggle = (): void => {
    this.#live = !this.#live;
    this.#hush();
    this.#listen();
    this.requestUpdate();
  };

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, route, access } = context;
    const lost = this.#live && !this.#listening && this.#rows.data !== null;
    const filtered = route.kinds || route.types || route.what || route.corrections || route.entity;
    return html`<div class="spread title"><div><h1>${words.activity}</h1><p class="muted">${words.activitySays}</p></div>
        <button class="live" aria-pressed=${String(this.#live)} @click=${this.#toggle}><span class="dot ${this.#live ? (this.#listening ? "on" : lost ? "lost" : "") : ""}" aria-hidden="true"></span>${words.live}</button></div>
      ${lost && this.#following ? html`<p class="note warn" role="status">${words.liveLost}</p>` : nothing}
      <section class="card"><div class="filters">
          ${choice(words.what, route.what, [{ value: "", label: words.anyChange }, ...CHANGE_KINDS.map((value) => ({ value, label: words.change[value] ?? value }))], (what) => context.go({ what: what as Route["what"] }))}
          ${choice(words.kind, route.kinds, kindOptions(context), (kinds) => context.go({ kinds }))}
          ${choice(words.type, route.types, typeOptions(context), (types) => context.go({ types }))}
          <label class="check"><input type="checkbox" .checked=${route.corrections === "1"} @change=${(event: Event) => context.go({ corrections: (event.target as HTMLInputElement).checked ? "1" : "" })}>${words.onlyCorrections}</label>
          ${route.entity ? html`<span class="chip">${words.around(route.entity)}</span>` : nothing}
          ${filtered ? html`<a class="small" href=${href(context, { kinds: "", types: "", what: "", corrections: "", entity: "" })}>${words.clear}</a>` : nothing}</div>
        ${this.around(this.#rows, (page) =>
          page.items.length + this.#fresh.length
            ? html`${table(words.activity, [words.what, words.entity, words.event, words.recorded], [...this.#fresh.map((one) => this.#row(one, true)), ...page.items.map((one) => this.#row(one, false))])}
                ${this.more(page, async (after) => {
                  const { changes } = await ask(access, Activity, { filter: this.#filter(), first: PAGE, after }, new AbortController().signal);
                  this.#rows.put(paged(changes, page.items));
                })}`
            : this.nothingHere(words.activityNone, filtered ? words.activityNoneSays : words.nothingYetSays),
        8)}</section>`;
  }

  #row(one: ChangeRow, fresh: boolean): TemplateResult {
    const { context } = this;
    const { words } = context;
    return html`<tr class=${fresh ? "fresh" : ""}><td>${changeChip(context, one.kind)}${one.corrects ? html` <span class="chip dashed" title=${words.correctionSays}>${words.correction}</span>` : nothing}</td>
      <td>${one.entity ? entityLink(context, one.entity) : one.relationship ? tieView(context, one.relationship) : nothing}
        ${one.kind === "CHANGED" && one.after ? html`<br><span class="small muted" dir="auto">${one.after.changed.join(", ")}</span>` : nothing}</td>
      <td>${eventView(context, one.event)}</td>
      <td><time datetime=${one.recordedAt}>${told(context, one.recordedAt, "second")}</time>${one.validFrom.slice(0, 16) === one.recordedAt.slice(0, 16) ? nothing : html`<br><span class="small muted">${words.validFrom(told(context, one.validFrom))}</span>`}</td></tr>`;
  }
}
customElements.define("ex-activity", ExplorerActivity);
