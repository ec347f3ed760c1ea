import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { ask, type Access, type Trouble } from "@element/client.js";
import type { Context, Glossary } from "./context.js";
import { href } from "./context.js";
import { Glossary as GlossaryQuery } from "./generated.js";
import { short } from "./parts.js";
import { read, step, write, type Page, type Route } from "./route.js";
import { keepToken, keptToken, type ExplorerSignIn } from "./sign-in.js";
import { base } from "./styles.js";
import { wordsFor, type Words } from "./words/index.js";
import "./search.js";
import "./sign-in.js";
import "./when.js";
import "./views/home.js";
import "./views/entity.js";
import "./views/activity.js";
import "./views/flow.js";
import "./views/health.js";

const THEMES = ["auto", "light", "dark"] as const;
type Theme = (typeof THEMES)[number];
const THEME_KEPT = "graph-explorer-theme";

function keptTheme(): Theme {
  try {
    return THEMES.find((one) => one === localStorage.getItem(THEME_KEPT)) ?? "auto";
  } catch {
    return "auto";
  }
}

/** The page: where one is, who asks, and around every view the same bar. */
export class GraphExplorer extends LitElement {
  static override styles = [
    base,
    css`
      .skip { position: absolute; inset-block-start: -4rem; inset-inline-start: 1rem; z-index: 50; }
      .skip:focus { inset-block-start: .65rem; }
      .bar { position: sticky; inset-block-start: 0; z-index: 20; background: var(--surface); border-block-end: 1px solid var(--line); }
      .bar > div { max-inline-size: 92rem; margin-inline: auto; min-block-size: 3.5rem; padding: .5rem 1.5rem; display: grid; grid-template-columns: auto minmax(10rem, 34rem) 1fr; gap: .5rem 1.5rem; align-items: center; }
      .brand { display: inline-flex; gap: .6rem; align-items: center; color: var(--text); font-weight: 650; letter-spacing: -.01em; white-space: nowrap; }
      .brand:hover { text-decoration: none; }
      .brand svg { inline-size: 1.5rem; block-size: 1.5rem; }
      .side { display: flex; gap: .25rem; align-items: center; justify-content: flex-end; }
      nav a { display: inline-block; color: var(--muted); padding: .35rem .7rem; border-radius: 7px; font-weight: 520; }
      nav a:hover { color: var(--text); background: var(--raised); text-decoration: none; }
      nav a[aria-current="page"] { color: var(--text); background: var(--raised); }
      nav ul { display: flex; }
      .side svg { inline-size: 1.05rem; block-size: 1.05rem; fill: none; stroke: currentColor; stroke-width: 1.6; stroke-linecap: round; stroke-linejoin: round; }
      main { max-inline-size: 92rem; margin-inline: auto; padding: 1.5rem 1.5rem 4rem; outline: none; }
      @media (max-width: 52rem) {
        .bar > div { grid-template-columns: minmax(0, 1fr) auto; padding-inline: 1rem; }
        .bar ex-search { grid-column: 1 / -1; grid-row: 2; }
        main { padding: 1rem 1rem 3rem; }
        nav a { padding-inline: .5rem; }
      }
      @media (forced-colors: active) { nav a[aria-current="page"] { outline: 2px solid Highlight; outline-offset: -2px; } }
      @media (max-width: 26rem) { .brand span { display: none; } }
    `,
  ];
  #route: Route = read(location.search);
  #token = keptToken();
  #again = false;
  /** Somebody must say who they are here. */
  #locked = this.#token !== "";
  #round = 0;
  #theme = keptTheme();
  #glossary: Glossary | null = null;
  #glossaryOf = -1;
  #said = "";
  #context: Context | null = null;
  /** When the picture was moved through time last, and nothing else came in between. */
  #movedAt_ms = -Infinity;
  readonly #words: Words = wordsFor(document.documentElement.lang || "en");
  /** Relative to this page, so that it works below any path. */
  readonly #endpoint = new URL("graphql", location.href).href;

  override connectedCallback(): void {
    super.connectedCallback();
    addEventListener("popstate", this.#back);
    this.addEventListener("click", this.#clicked);
    document.addEventListener("keydown", this.#slash);
    this.#paint();
    void this.#readGlossary();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    removeEventListener("popstate", this.#back);
    this.removeEventListener("click", this.#clicked);
    document.removeEventListener("keydown", this.#slash);
  }

  get #access(): Access {
    return { endpoint: this.#endpoint, ...(this.#token ? { headers: { authorization: `Bearer ${this.#token}` } } : {}) };
  }

  /** One and the same until something in it is another. */
  #given(): Context {
    return (this.#context ??= {
      route: this.#route, access: this.#access, words: this.#words, lang: document.documentElement.lang || "en", zone: "UTC",
      // Until it is there, names stand for labels: what is asked beside it need not wait.
      glossary: this.#glossary ?? { kinds: [], relationshipTypes: [] }, round: this.#round,
      go: (patch, quietly) => this.#go(patch, quietly), troubled: (trouble) => this.#troubled(trouble), say: (text) => this.#say(text),
    });
  }

  #renew(): void {
    this.#context = null;
    this.requestUpdate();
  }

  async #readGlossary(): Promise<void> {
    const round = this.#round;
    if (this.#glossaryOf === round) return;
    this.#glossaryOf = round;
    try {
      this.#glossary = (await ask(this.#access, GlossaryQuery, {}, new AbortController().signal)).vocabulary;
    } catch (error) {
      // Labels are a comfort: what is asked beside it tells what is wrong.
      this.#glossary ??= { kinds: [], relationshipTypes: [] };
      this.#troubled(error as Trouble);
    }
    this.#renew();
  }

  // --- where one is -------------------------------------------------------------------------------------------------------------------------------

  #go(patch: Partial<Route>, quietly = false): void {
    const next = step(this.#route, patch);
    const address = location.pathname + write(next);
    const elsewhere = next.page !== this.#route.page || next.entity !== this.#route.entity || next.tab !== this.#route.tab || next.event !== this.#route.event;
    if (address !== location.pathname + location.search) {
      // Steps of one movement through time are one step back.
      const now_ms = performance.now();
      if (quietly && now_ms - this.#movedAt_ms < 1_500) history.replaceState(null, "", address);
      else history.pushState(null, "", address);
      this.#movedAt_ms = quietly ? now_ms : -Infinity;
    }
    this.#moved(next, elsewhere);
  }

  readonly #back = (): void => {
    this.#movedAt_ms = -Infinity;
    this.#moved(read(location.search), true);
  };

  #moved(next: Route, elsewhere: boolean): void {
    const before = this.#route;
    this.#route = next;
    this.#renew();
    this.#paint();
    if (!elsewhere || before.entity !== next.entity || before.page !== next.page) this.#announce(before, next);
    if (before.page !== next.page || before.entity !== next.entity || before.event !== next.event) {
      void this.updateComplete.then(() => {
        scrollTo({ top: 0 });
        // Whoever follows a link by keyboard goes on from where it led.
        if (!this.#graphHasFocus()) this.renderRoot.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
      });
    }
  }

  #graphHasFocus(): boolean {
    let at: Element | null = document.activeElement;
    while (at?.shadowRoot?.activeElement) {
      if (at.localName === "knowledge-graph") return true;
      at = at.shadowRoot.activeElement;
    }
    return false;
  }

  #announce(before: Route, next: Route): void {
    if (before.page !== next.page || before.entity !== next.entity) this.#say(this.#name(next));
  }

  #name(route: Route): string {
    return route.page === "entity" ? `${short(route.entity)} · ${this.#words.tabs[route.tab]}` : (this.#words.pages[route.page] ?? "");
  }

  #paint(): void {
    document.title = `${this.#name(this.#route)} · ${this.#words.title}`;
    if (this.#theme === "auto") delete document.documentElement.dataset["theme"];
    else document.documentElement.dataset["theme"] = this.#theme;
  }

  /** Links within the page are followed here; with a key held, or in another tab, the browser does it. */
  readonly #clicked = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.composedPath().find((one): one is HTMLAnchorElement => one instanceof HTMLAnchorElement && one.hasAttribute("href"));
    if (!link || link.target || link.hasAttribute("download") || link.pathname !== location.pathname || link.hash) return;
    event.preventDefault();
    this.#go(read(link.search));
  };

  readonly #slash = (event: KeyboardEvent): void => {
    const [target] = event.composedPath();
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || (target instanceof HTMLElement && target.matches("input, select, textarea"))) return;
    event.preventDefault();
    this.renderRoot.querySelector<HTMLElement>("ex-search")?.focus();
  };

  // --- who asks -----------------------------------------------------------------------------------------------------------------------------------

  #troubled(trouble: Trouble): void {
    if (trouble.kind !== "expired") return;
    this.#again = this.#token !== "";
    this.#locked = true;
    this.#renew();
    void this.updateComplete.then(() => this.#dialog?.show());
  }

  get #dialog(): ExplorerSignIn | null {
    return this.renderRoot.querySelector<ExplorerSignIn>("ex-sign-in");
  }

  readonly #signed = (token: string | null): void => {
    this.#token = token ?? "";
    if (token === null) keepToken(null);
    this.#round++;
    this.#renew();
    void this.#readGlossary();
  };

  #say(text: string): void {
    this.#said = text;
    this.requestUpdate();
  }

  readonly #nextTheme = (): void => {
    this.#theme = THEMES[(THEMES.indexOf(this.#theme) + 1) % THEMES.length] as Theme;
    try {
      localStorage.setItem(THEME_KEPT, this.#theme);
    } catch {
      // It holds until the page is loaded anew.
    }
    this.#paint();
    this.requestUpdate();
  };

  // --- rendering ----------------------------------------------------------------------------------------------------------------------------------

  protected override render(): TemplateResult {
    const words = this.#words;
    const context = this.#given();
    const themeIcon = { auto: "M8 2a6 6 0 1 0 0 12zM8 2a6 6 0 0 1 0 12", light: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1", dark: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z" }[this.#theme];
    return html`<header class="bar"><div>
        <button class="skip" @click=${() => this.renderRoot.querySelector("main")?.focus()}>${words.skip}</button>
        <a class="brand" href="explorer" aria-label=${words.title}><svg viewBox="0 0 24 24" aria-hidden="true"><path d="M7 7 17 5.5M7 7l3.5 10M17 5.5 10.5 17" stroke="var(--muted)" stroke-width="1.6" fill="none"></path><circle cx="7" cy="7" r="3.2" fill="var(--accent)"></circle><rect x="14.2" y="2.7" width="5.6" height="5.6" rx="1.2" fill="var(--good)"></rect><path d="M10.5 13.2 14.3 17l-3.800 3.800L6.7 17Z" fill="var(--warn)"></path></svg><span>${words.title}</span></a>
        <ex-search .context=${context} .picked=${(key: string) => this.#go({ page: "entity", entity: key, tab: "overview", compare: "" })}></ex-search>
        <div class="side">
          <nav aria-label=${words.main}><ul>${(["activity", "health"] as const).map(
            (page) => html`<li><a href=${href(context, { page, entity: "", kinds: "", types: "" })} aria-current=${this.#route.page === page ? "page" : nothing}>${words.pages[page]}</a></li>`,
          )}</ul></nav>
          <button class="plain icon" aria-label=${words.theme[this.#theme]} title=${words.theme[this.#theme]} @click=${this.#nextTheme}><svg viewBox="0 0 16 16" aria-hidden="true"><path d=${themeIcon}></path></svg></button>
          ${this.#token ? html`<button class="plain" @click=${() => this.#signed(null)}>${words.signOut}</button>` : this.#locked ? html`<button class="plain" @click=${() => this.#dialog?.show()}>${words.signIn}</button>` : nothing}
        </div></div></header>
      <main id="content" tabindex="-1">${this.#view(this.#route.page, context)}</main>
      <p class="out" role="status" aria-live="polite">${this.#said}</p>
      <ex-sign-in .words=${words} ?again=${this.#again} .done=${this.#signed}></ex-sign-in>`;
  }

  #view(page: Page, context: Context): TemplateResult {
    switch (page) {
      case "home":
        return html`<ex-home .context=${context}></ex-home>`;
      case "entity":
        return html`<ex-entity .context=${context}></ex-entity>`;
      case "activity":
        return html`<ex-activity .context=${context}></ex-activity>`;
      case "flow":
        return html`<ex-flow .context=${context}></ex-flow>`;
      case "health":
        return html`<ex-health .context=${context}></ex-health>`;
      default:
        return page satisfies never;
    }
  }
}
customElements.define("graph-explorer", GraphExplorer);
