import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { DAY, nowMicros, parseInstant, tell, write, type Micros } from "@element/time.js";
import { instantOf, type Context } from "./context.js";
import { base } from "./styles.js";

/** What a field for date and time has for an instant, in UTC. */
const field = (text: string): string => {
  const at = instantOf(text);
  return at === null ? "" : write(at).slice(0, 19);
};

/** And back; a time without seconds has none. */
const instant = (value: string): string => (value ? `${value.length === 16 ? `${value}:00` : value}Z` : "");

/** The point in time that is looked at, and what it is compared with: told in one line, and changed in a small form. */
export class ExplorerWhen extends LitElement {
  static override properties = { context: { attribute: false } };
  static override styles = [
    base,
    css`
      :host { position: relative; }
      .told { display: inline-flex; gap: .45rem; align-items: center; max-inline-size: 100%; }
      .told.past { border-color: var(--accent); color: var(--accent); background: var(--tint); }
      .told span { overflow: hidden; text-overflow: ellipsis; }
      .told svg { inline-size: .95rem; block-size: .95rem; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; flex: none; }
      .note { margin-block: .4rem 0; max-inline-size: 24rem; overflow-wrap: anywhere; }
      form { position: absolute; z-index: 20; inset-block-start: calc(100% + 6px); inset-inline-end: 0; inline-size: min(22rem, calc(100vw - 2rem)); background: var(--surface); border: 1px solid var(--edge); border-radius: 12px; box-shadow: var(--shadow); padding: 1rem; display: grid; gap: .875rem; }
      .presets { display: flex; flex-wrap: wrap; gap: .35rem; }
      .presets button { block-size: 1.75rem; padding: 0 .55rem; font-size: .78rem; }
      @media (max-width: 40rem) { form { position: fixed; inset-inline: 1rem; inset-block-start: auto; inset-block-end: 1rem; inline-size: auto; } }
    `,
  ];
  declare context: Context;
  #open = false;

  constructor() {
    super();
    this.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#open) this.#toggle(false, true);
    });
  }

  readonly #outside = (event: Event): void => {
    if (!event.composedPath().includes(this)) this.#toggle(false);
  };

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener("pointerdown", this.#outside);
  }

  #toggle(open: boolean, back = false): void {
    this.#open = open;
    this.requestUpdate();
    if (open) {
      document.addEventListener("pointerdown", this.#outside);
      void this.updateComplete.then(() => this.renderRoot.querySelector("input")?.focus());
    } else {
      document.removeEventListener("pointerdown", this.#outside);
      if (back) this.renderRoot.querySelector("button")?.focus();
    }
  }

  readonly #apply = (event: Event): void => {
    event.preventDefault();
    const given = new FormData(event.target as HTMLFormElement);
    const value = (name: string): string => instant(String(given.get(name) ?? ""));
    this.#toggle(false, true);
    this.context.go({ valid: value("valid"), known: value("known"), compare: value("compare"), then: value("known") ? "" : this.context.route.then });
  };

  protected override render(): TemplateResult {
    const { words, route, lang, zone } = this.context;
    const at = instantOf(route.valid);
    const say = (one: Micros, whose = false): string => tell(one, lang, zone, "minute", whose);
    const known = instantOf(route.known) ?? (route.then ? at : null);
    const compare = route.page === "entity" ? instantOf(route.compare) : null;
    const more = [known === null ? "" : words.asKnown(say(known)), compare === null ? "" : words.compared(say(compare))].filter(Boolean);
    const bad = [route.valid, route.known, route.compare].find((text) => text && parseInstant(text) === null);
    const before = at ?? nowMicros();
    return html`<button class="told ${at !== null || more.length ? "past" : ""}" aria-expanded=${String(this.#open)} aria-label=${`${words.when}: ${at === null ? words.now : say(at, true)} ${more.join(", ")}`} @click=${() => this.#toggle(!this.#open)}>
        <svg viewBox="0 0 16 16" aria-hidden="true"><circle cx="8" cy="8" r="6"></circle><path d="M8 4.5V8l2.5 1.5"></path></svg>
        <span>${at === null ? words.now : say(at, true)}${more.length ? html` <span class="small">· ${more.join(" · ")}</span>` : nothing}</span></button>
      ${bad ? html`<p class="note warn" role="alert">${words.badTime(bad)}</p>` : nothing}
      ${
        this.#open
          ? html`<form aria-label=${words.when} @submit=${this.#apply}>
              <label class="field">${words.validAt} (${words.utc})<input type="datetime-local" step="1" name="valid" .value=${field(route.valid)}></label>
              <label class="field">${words.knownAt} (${words.utc})<input type="datetime-local" step="1" name="known" .value=${field(route.known)} aria-describedby="known-says"></label>
              <p class="small muted" id="known-says">${words.knownSays}</p>
              ${
                route.page === "entity"
                  ? html`<label class="field">${words.compareWith} (${words.utc})<input type="datetime-local" step="1" name="compare" .value=${field(route.compare)}></label>
                      <div class="presets" role="group" aria-label=${words.compareWith}>${Object.entries(words.ago).map(
                        ([days, label]) => html`<button type="button" @click=${() => {
                          this.#toggle(false, true);
                          this.context.go({ compare: write(Math.round((before - Number(days) * DAY) / 1e6) * 1e6) });
                        }}>${label}</button>`,
                      )}</div>`
                  : nothing
              }
              <div class="spread"><button type="button" class="plain" @click=${() => {
                this.#toggle(false, true);
                this.context.go({ valid: "", known: "", compare: "", then: "" });
              }}>${words.reset}</button><button class="first">${words.apply}</button></div>
            </form>`
          : nothing
      }`;
  }
}
customElements.define("ex-when", ExplorerWhen);
