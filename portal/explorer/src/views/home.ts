import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { ask } from "@element/client.js";
import { atOf, href, kindLabel, told } from "../context.js";
import { Activity, Browse, type BrowseData, type ChangeRow } from "../generated.js";
import { changeChip, entityLink, kindMark, table, tieView } from "../parts.js";
import { readElement } from "../picture.js";
import { paged, type Paged } from "../resource.js";
import { base } from "../styles.js";
import { View } from "../view.js";

type Item = BrowseData["entities"]["edges"][number]["node"];
const PICTURE_AFTER_MS = 300;
const LATELY = 12;
const PAGE = 50;

/** Where one begins: kinds, all of one kind, and what happened lately. */
export class ExplorerHome extends View {
  static override styles: CSSResultGroup = [
    base,
    css`
      .welcome { margin-block: .5rem 1.5rem; display: grid; gap: .35rem; }
      .welcome p { color: var(--muted); }
      .kinds { display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: .75rem; margin-block-end: 1.5rem; }
      .kinds a { display: grid; grid-template-columns: 1.25rem minmax(0, 1fr) auto; gap: .1rem .65rem; align-items: center; color: var(--text); padding: .75rem .9rem; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
      .kinds a:hover { border-color: var(--accent); text-decoration: none; }
      .kinds a[aria-current="true"] { border-color: var(--accent); background: var(--tint); }
      .kinds svg { inline-size: 1.1rem; block-size: 1.1rem; overflow: visible; }
      .kinds strong { font-weight: 600; }
      .kinds .place { block-size: 3rem; background: var(--surface); border: 1px solid var(--line); border-radius: 10px; }
      .kinds .num { font-variant-numeric: tabular-nums; color: var(--muted); }
      .lately li { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: .25rem .75rem; padding: .6rem 1rem; border-block-end: 1px solid var(--line); align-items: baseline; }
      .lately li:last-child { border: 0; }
      .lately li > .chip { inline-size: 6.2rem; }
      @media (max-width: 40rem) { .kinds { grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .5rem; } .kinds a { padding: .6rem .7rem; } ex-when { margin-block-end: 1rem; } .welcome { margin-block-end: 0; } }
      @media (max-width: 40rem) { .lately li { grid-template-columns: minmax(0, 1fr) auto; } .lately li > :nth-child(2) { grid-column: 1 / -1; grid-row: 2; } }
    `,
  ];
  // Where one goes from here has a picture: it is fetched when there is nothing more urgent.
  readonly #lately = this.resource<readonly ChangeRow[]>(() => setTimeout(() => void readElement().catch(() => undefined), PICTURE_AFTER_MS));
  readonly #all = this.resource<Paged<Item>>();

  protected override want(): void {
    const { route, access, round } = this.context;
    if (route.kinds) {
      this.#lately.drop();
      const variables = { kinds: [route.kinds], at: atOf(route), first: PAGE };
      this.#all.ask(JSON.stringify([round, variables]), false, async (signal) => paged((await ask(access, Browse, variables, signal)).entities));
    } else {
      this.#all.drop();
      this.#lately.ask(String(round), true, async (signal) => (await ask(access, Activity, { first: LATELY }, signal)).changes.edges.map((edge) => edge.node));
    }
  }

  protected override show(): TemplateResult {
    const { context } = this;
    const { words, glossary, route } = context;
    const kinds = [...glossary.kinds].filter((one) => one.count > 0).sort((a, b) => b.count - a.count);
    return html`<div class="spread"><div class="welcome"><h1>${words.welcome}</h1><p>${words.welcomeSays}</p></div><ex-when .context=${context}></ex-when></div>
      <h2 class="out">${words.kinds}</h2>
      ${kinds.length ? nothing : html`<div class="kinds" aria-hidden="true">${Array.from({ length: 5 }, () => html`<span class="place"></span>`)}</div>`}
      <ul class="kinds" ?hidden=${!kinds.length}>${kinds.map(
        (one) => html`<li><a href=${href(context, { page: "home", kinds: route.kinds === one.name ? "" : one.name })} title=${one.description || nothing} aria-current=${String(route.kinds === one.name)}>
          ${kindMark(context, one.name)}<strong>${one.label || one.name}</strong><span class="num">${words.count(one.count)}</span></a></li>`,
      )}</ul>
      ${route.kinds ? this.#kind(route.kinds) : this.#latest()}`;
  }

  #kind(kind: string): TemplateResult {
    const { context } = this;
    const { words } = context;
    return html`<section class="card"><header><h2>${words.ofKind(kindLabel(context, kind))}</h2><a class="small" href=${href(context, { kinds: "" })}>${words.close}</a></header>
      ${this.around(this.#all, (page) =>
        page.items.length
          ? html`${table(words.ofKind(kindLabel(context, kind)), [words.entity, words.id, words.sinceHead], page.items.map(
              (one) => html`<tr><td>${entityLink(context, one)}</td><td class="mono">${one.key}</td><td><time>${told(context, one.validFrom)}</time></td></tr>`,
            ))}${this.more(page, async (after) => {
              const { access, route } = this.context;
              const next = await ask(access, Browse, { kinds: [kind], at: atOf(route), first: PAGE, after }, new AbortController().signal);
              this.#all.put(paged(next.entities, page.items));
            })}`
          : this.nothingHere(words.nothingYet),
      )}</section>`;
  }

  #latest(): TemplateResult {
    const { context } = this;
    const { words } = context;
    return html`<section class="card lately"><header><h2>${words.lately}</h2><a class="small" href=${href(context, { page: "activity" })}>${words.allActivity}</a></header>
      ${this.around(this.#lately, (rows) =>
        rows.length
          ? html`<ul>${rows.map(
              (one) => html`<li>${changeChip(context, one.kind)}<span>${one.entity ? entityLink(context, one.entity) : one.relationship ? tieView(context, one.relationship) : nothing}</span>
                <span class="small muted"><time datetime=${one.recordedAt}>${told(context, one.recordedAt)}</time></span></li>`,
            )}</ul>`
          : this.nothingHere(words.nothingYet, words.nothingYetSays),
      )}</section>`;
  }
}
customElements.define("ex-home", ExplorerHome);
