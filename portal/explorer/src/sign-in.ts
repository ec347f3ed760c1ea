import { LitElement, css, html, nothing, type TemplateResult } from "lit";
import { base } from "./styles.js";
import type { Words } from "./words/index.js";

/** Where a token is kept for those who ask for it: in this tab, and no longer than it. */
const KEPT = "graph-explorer-token";

export function keptToken(): string {
  try {
    return sessionStorage.getItem(KEPT) ?? "";
  } catch {
    return "";
  }
}

export function keepToken(token: string | null): void {
  try {
    if (token) sessionStorage.setItem(KEPT, token);
    else sessionStorage.removeItem(KEPT);
  } catch {
    // A browser that keeps nothing: it holds until the page is loaded anew.
  }
}

/** Asks for a key or a token. It never gets into the address, into a log, or to any other site. */
export class ExplorerSignIn extends LitElement {
  static override properties = { words: { attribute: false }, again: { type: Boolean }, done: { attribute: false } };
  static override styles = [
    base,
    css`
      dialog { border: 1px solid var(--edge); border-radius: 14px; background: var(--surface); color: var(--text); box-shadow: var(--shadow); padding: 1.5rem; inline-size: min(27rem, calc(100vw - 2rem)); }
      dialog::backdrop { background: rgb(8 12 18 / .5); }
      form { display: grid; gap: 1rem; }
    `,
  ];
  declare words: Words;
  /** It held before, and does not any more. */
  declare again: boolean;
  declare done: (token: string | null) => void;
  #bad = "";

  show(): void {
    const dialog = this.renderRoot.querySelector("dialog");
    if (dialog && !dialog.open) dialog.showModal();
  }

  readonly #send = (event: Event): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    const given = new FormData(form);
    const token = String(given.get("token") ?? "").trim().replace(/^Bearer\s+/i, "");
    this.#bad = /^[\x21-\x7e]+$/.test(token) ? "" : this.words.noToken;
    this.requestUpdate();
    if (this.#bad) return;
    keepToken(given.get("keep") ? token : null);
    form.reset();
    this.renderRoot.querySelector("dialog")?.close();
    this.done(token);
  };

  protected override render(): TemplateResult {
    const { words } = this;
    return html`<dialog aria-labelledby="title">
      <form method="dialog" @submit=${this.#send} novalidate>
        <h2 id="title">${words.signIn}</h2>
        <p class="muted">${this.again ? words.signInAgain : words.signInSays}</p>
        <label class="field">${words.token}<input type="password" name="token" autocomplete="off" spellcheck="false" aria-invalid=${String(this.#bad !== "")} aria-describedby="bad"></label>
        <p id="bad" class="small" role="alert" ?hidden=${!this.#bad}>${this.#bad || nothing}</p>
        <label class="check"><input type="checkbox" name="keep" aria-describedby="keep-says">${words.remember}</label>
        <p class="small muted" id="keep-says">${words.rememberSays}</p>
        <div class="spread"><button type="button" class="plain" @click=${() => this.renderRoot.querySelector("dialog")?.close()}>${words.cancel}</button><button class="first">${words.signIn}</button></div>
      </form></dialog>`;
  }
}
customElements.define("ex-sign-in", ExplorerSignIn);
