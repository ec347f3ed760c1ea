import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { Trouble, ask } from "@element/client.js";
import { atOf, kindLabel, type Context } from "./context.js";
import { Search, type Ref } from "./generated.js";
import { kindMark, short } from "./parts.js";
import { rank } from "./rank.js";
import { base } from "./styles.js";

const WAIT_MS = 120;
const READ = 50;
const SHOWN = 12;

/** Search as you type: a combobox of the entities at the point that is looked at. */
export class ExplorerSearch extends LitElement {
  static override properties = { context: { attribute: false }, picked: { attribute: false }, label: { type: String }, value: { type: String } };
  static override styles = [
    base,
    css`
      :host { position: relative; inline-size: 100%; }
      .box { position: relative; display: flex; align-items: center; }
      .box svg { position: absolute; inset-inline-start: .7rem; inline-size: 1rem; block-size: 1rem; fill: none; stroke: var(--muted); stroke-width: 1.75; stroke-linecap: round; pointer-events: none; }
      input[type="search"] { padding-inline: 2.2rem 2.4rem; block-size: 2.375rem; border-radius: 9px; background: var(--raised); border-color: var(--line); }
      input[type="search"]:focus { background: var(--surface); border-color: var(--accent); outline: 2px solid var(--accent); outline-offset: -1px; }
      input::-webkit-search-cancel-button { appearance: none; }
      kbd { position: absolute; inset-inline-end: .6rem; font: 600 .75rem var(--mono); color: var(--muted); border: 1px solid var(--edge); border-radius: 4px; padding: 0 .35rem; pointer-events: none; background: var(--surface); }
      .list { position: absolute; z-index: 30; inset-block-start: calc(100% + 6px); inset-inline: 0; background: var(--surface); border: 1px solid var(--edge); border-radius: 10px; box-shadow: var(--shadow); padding: .3rem; }
      #found { max-block-size: min(28rem, 65vh); overflow: auto; }
      .option { display: grid; grid-template-columns: 1.1rem minmax(0, 1fr) auto; gap: .1rem .5rem; align-items: center; padding: .4rem .6rem; border-radius: 7px; cursor: pointer; }
      .option[aria-selected="true"] { background: var(--tint); box-shadow: inset 2px 0 var(--accent); }
      .option:hover { background: var(--raised); }
      .option svg { inline-size: .9rem; block-size: .9rem; overflow: visible; }
      .option .name { font-weight: 600; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: plaintext; text-align: start; }
      .option .key { grid-column: 2 / 4; color: var(--muted); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
      .hint { padding: .5rem .6rem; color: var(--muted); font-size: .8125rem; }
      @media (forced-colors: active) { .option[aria-selected="true"] { outline: 2px solid Highlight; } }
      @media (pointer: coarse) { kbd { display: none; } }
    `,
  ];
  declare context: Context;
  /** Called with the key that was chosen. */
  declare picked: (key: string) => void;
  declare label: string;
  declare value: string;
  #text = "";
  #found: readonly Ref[] = [];
  #of = "";
  #more = false;
  #open = false;
  #active = -1;
  #trouble: Trouble | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #aborting: AbortController | null = null;

  constructor() {
    super();
    this.label = this.value = "";
    this.addEventListener("focusout", () => this.#close());
  }

  override focus(): void {
    this.renderRoot.querySelector("input")?.select();
    this.renderRoot.querySelector("input")?.focus();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    clearTimeout(this.#timer);
    this.#aborting?.abort();
  }

  protected override willUpdate(changed: Map<PropertyKey, unknown>): void {
    if (changed.has("value") && this.value) this.#text = this.value;
  }

  #close(): void {
    this.#open = false;
    this.#active = -1;
    this.requestUpdate();
  }

  readonly #typed = (event: Event): void => {
    this.#text = (event.target as HTMLInputElement).value;
    this.#open = this.#text.trim() !== "";
    this.#active = -1;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#search(), WAIT_MS);
    this.requestUpdate();
  };

  async #search(): Promise<void> {
    const text = this.#text.trim();
    this.#aborting?.abort();
    if (!text) {
      this.#found = [];
      return;
    }
    const aborting = (this.#aborting = new AbortController());
    try {
      const { search } = await ask(this.context.access, Search, { text: text.slice(0, 200), at: atOf(this.context.route), first: READ }, aborting.signal);
      const found = search.edges.map((edge) => edge.node).sort((a, b) => rank(a, text) - rank(b, text) || (a.key < b.key ? -1 : 1));
      this.#found = found.slice(0, SHOWN);
      this.#more = found.length > SHOWN || search.pageInfo.hasNextPage;
      this.#trouble = null;
    } catch (error) {
      if (aborting.signal.aborted) return;
      this.#found = [];
      this.#trouble = error instanceof Trouble ? error : new Trouble("failed", String(error));
      this.context.troubled(this.#trouble);
    }
    this.#of = text;
    this.requestUpdate();
  }

  /** What can be chosen: what was found, and a whole key as it stands. */
  get #options(): readonly { readonly key: string; readonly entity: Ref | null }[] {
    const text = this.#text.trim();
    const found = this.#found.map((entity) => ({ key: entity.key, entity }));
    return /^[^\s:]+:\S/.test(text) && !found.some((one) => one.key === text) ? [...found, { key: text, entity: null }] : found;
  }

  #pick(key: string): void {
    this.#text = this.value ? key : "";
    this.#close();
    this.renderRoot.querySelector("input")?.blur();
    this.picked(key);
  }

  readonly #key = async (event: KeyboardEvent): Promise<void> => {
    const options = this.#options;
    if (event.key === "Escape") {
      if (this.#open) this.#close();
      else this.#text = "";
      this.requestUpdate();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!options.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.#open = true;
      this.#active = (this.#active + step + options.length + (this.#active < 0 && step < 0 ? 1 : 0)) % options.length;
    } else if (event.key === "Enter") {
      event.preventDefault();
      // Typed faster than it was answered: what was typed is what is meant.
      if (this.#of !== this.#text.trim()) {
        clearTimeout(this.#timer);
        await this.#search();
      }
      const chosen = this.#options[Math.max(0, this.#active)];
      if (chosen) this.#pick(chosen.key);
      return;
    } else return;
    event.preventDefault();
    this.requestUpdate();
    await this.updateComplete;
    this.renderRoot.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  };

  protected override render(): TemplateResult {
    const { words } = this.context;
    const options = this.#options;
    const text = this.#text.trim();
    const answered = this.#of === text;
    const shown = this.#open && text !== "";
    const said = !shown || !answered ? "" : options.length ? words.searchCount(options.length) : words.searchNone(text);
    return html`<div class="box"><svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="7" cy="7" r="4.5"></circle><path d="M10.5 10.5 14 14"></path></svg>
        <input type="search" role="combobox" aria-label=${this.label || words.search} aria-expanded=${String(shown && options.length > 0)} aria-controls="found" aria-autocomplete="list"
          aria-activedescendant=${this.#active >= 0 ? `option-${this.#active}` : nothing} autocomplete="off" autocapitalize="off" spellcheck="false" placeholder=${words.searchHint}
          .value=${this.#text} @input=${this.#typed} @keydown=${this.#key} @focus=${() => {
            this.#open = text !== "" && !this.value;
            this.requestUpdate();
          }}>${this.label ? nothing : html`<kbd aria-hidden="true" title=${words.searchShort}>/</kbd>`}</div>
      <div class="list" ?hidden=${!shown}>
        <div id="found" role="listbox" aria-label=${words.search}>${options.map((one, index) => this.#option(one, index))}</div>
        ${
          this.#trouble
            ? html`<p class="hint">${words.trouble[this.#trouble.kind]?.[0]}</p>`
            : !answered
              ? html`<p class="hint">${words.loading}</p>`
              : options.length === 0
                ? html`<p class="hint">${words.searchNone(short(text))} ${words.searchNoneSays}</p>`
                : this.#more
                  ? html`<p class="hint">${words.searchMore}</p>`
                  : nothing
        }
      </div>
      <p class="out" role="status">${said}</p>`;
  }

  #option({ key, entity }: { key: string; entity: Ref | null }, index: number): TemplateResult {
    const { words } = this.context;
    // Before the focus goes: a click that comes after it would find the list closed.
    const down = (event: Event): void => {
      event.preventDefault();
      this.#pick(key);
    };
    return html`<div class="option" role="option" id="option-${index}" aria-selected=${String(index === this.#active)} @pointerdown=${down}>
      ${entity ? kindMark(this.context, entity.kind) : html`<span aria-hidden="true">→</span>`}
      <span class="name" dir="auto">${entity ? short(entity.name) : words.searchOpen(short(key))}</span>
      ${entity ? html`<span class="chip">${kindLabel(this.context, entity.kind)}</span><span class="key mono">${short(key)}</span>` : nothing}</div>`;
  }
}
customElements.define("ex-search", ExplorerSearch);
