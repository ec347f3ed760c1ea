import { css, html, nothing, type CSSResultGroup, type TemplateResult } from "lit";
import { Trouble, ask } from "@element/client.js";
import { told } from "../context.js";
import { Letters } from "../generated.js";
import { nothingDone, operate, reached, waitingReasons, type Deed, type Intent, type Letter, type Outcome } from "../operating.js";
import { table } from "../parts.js";
import { paged, type Paged } from "../resource.js";
import { base } from "../styles.js";
import { View } from "../view.js";

const PAGE = 50;
const NOTE_CHARS_MAX = 2_000;

/** Records that could not be applied: what is wrong with each, and for operators, what to do with it. */
export class ExplorerLetters extends View {
  static override properties = { context: { attribute: false }, waiting: { attribute: false }, done: { attribute: false } };
  static override styles: CSSResultGroup = [
    base,
    css`
      .reasons { display: grid; border-block-end: 1px solid var(--line); }
      .reasons li { display: flex; flex-wrap: wrap; gap: .5rem .75rem; align-items: center; padding: .5rem 1rem; }
      .outcome { margin: .75rem 1rem 0; }
      .outcome:focus { outline: none; }
      .acts { display: flex; gap: .35rem; }
      .acts button { block-size: 1.75rem; padding: 0 .55rem; font-size: .8125rem; }
      dialog { border: 1px solid var(--edge); border-radius: 14px; background: var(--surface); color: var(--text); box-shadow: var(--shadow); padding: 1.5rem; inline-size: min(32rem, calc(100vw - 2rem)); }
      dialog::backdrop { background: rgb(8 12 18 / .5); }
      form { display: grid; gap: .9rem; }
      form p { overflow-wrap: anywhere; }
      textarea { font: inherit; color: inherit; background: var(--surface); border: 1px solid var(--edge); border-radius: 7px; padding: .4rem .65rem; min-block-size: 4.5rem; resize: vertical; }
    `,
  ];
  /** How many wait, for those who may not see them; null while that is not known. */
  declare waiting: number | null;
  /** Something was done: the figures are others. */
  declare done: () => void;
  readonly #letters = this.resource<Paged<Letter>>();
  #turn = 0;
  #intent: Intent | null = null;
  #working: Outcome | null = null;
  #outcome: { readonly text: string; readonly bad: boolean } | null = null;
  #noteMissing = false;

  protected override want(): void {
    const { access, round } = this.context;
    this.#letters.ask(`${round} ${this.#turn}`, true, async (signal) => paged((await ask(access, Letters, { first: PAGE }, signal)).deadLetters));
  }

  protected override show(): TemplateResult {
    const { words } = this.context;
    // Not for everybody: then it is said how many there are, and who may see them.
    const forbidden = this.#letters.trouble?.kind === "forbidden";
    return html`<div role="status" aria-live="polite">${this.#outcome ? html`<p class="note outcome ${this.#outcome.bad ? "bad" : ""}" tabindex="-1">${this.#outcome.text}</p>` : nothing}</div>
      ${forbidden ? this.nothingHere(words.lettersForbidden, words.lettersForbiddenSays(this.waiting)) : this.around(this.#letters, (page) => (page.items.length ? this.#list(page) : this.nothingHere(words.lettersNone)))}
      ${this.#dialog()}`;
  }

  #list(page: Paged<Letter>): TemplateResult {
    const { context } = this;
    const { words, access } = context;
    return html`${this.#reasons(page)}
      ${table(words.letters, [words.state, words.reason, words.message, words.event, words.origin, words.recorded, [words.attempts, "num"], ""], page.items.map(
        (one) => html`<tr><td><span class="chip">${words.letterStates[one.state]}</span></td><td class="mono">${one.reason}</td>
          <td>${one.message}${one.note ? html`<br><span class="small muted">${words.noted(one.note, one.operator ?? "")}</span>` : nothing}</td>
          <td>${one.eventType ?? words.none}${one.eventId ? html`<br><span class="small muted">${one.source} · ${one.eventId}</span>` : nothing}</td><td class="mono">${one.origin}</td>
          <td><time datetime=${one.recordedAt}>${told(context, one.recordedAt, "second")}</time></td><td class="num">${one.attempts}</td><td class="thin">${this.#acts(one)}</td></tr>`,
      ))}${this.more(page, async (after) => this.#letters.put(paged((await ask(access, Letters, { first: PAGE, after }, new AbortController().signal)).deadLetters, page.items)))}`;
  }

  /** All of one reason at once. */
  #reasons(page: Paged<Letter>): TemplateResult | typeof nothing {
    const { words } = this.context;
    const reasons = waitingReasons(page.items);
    if (!reasons.length) return nothing;
    return html`<ul class="reasons" aria-label=${words.byReason}>${reasons.map(
      ([reason, count]) => html`<li><span class="grow"><span class="mono">${reason}</span> <span class="small muted">${words.waitingOf(count, page.next !== null)}</span></span>
        <span class="acts">${(["replay", "discard"] as const).map((deed) => html`<button aria-label=${words.allOf(deed, reason)} @click=${() => this.#ask({ deed, letter: null, reason })}>${words.deedsAll[deed]}</button>`)}</span></li>`,
    )}</ul>`;
  }

  #acts(letter: Letter): TemplateResult | typeof nothing {
    const { words } = this.context;
    const deeds: readonly Deed[] = letter.state === "WAITING" ? ["replay", "discard"] : letter.state === "DISCARDED" ? ["replay"] : [];
    if (!deeds.length) return nothing;
    return html`<span class="acts">${deeds.map((deed) => html`<button aria-label=${words.oneOf(deed, letter.origin)} @click=${() => this.#ask({ deed, letter, reason: letter.reason })}>${words.deeds[deed]}</button>`)}</span>`;
  }

  // --- the step between wanting it and doing it ---------------------------------------------------------------------------------------------------

  #ask(intent: Intent): void {
    this.#intent = intent;
    this.#noteMissing = false;
    this.requestUpdate();
    void this.updateComplete.then(() => {
      this.renderRoot.querySelector("form")?.reset();
      this.renderRoot.querySelector("dialog")?.showModal();
    });
  }

  readonly #close = (): void => this.renderRoot.querySelector("dialog")?.close();

  #dialog(): TemplateResult {
    const { words } = this.context;
    const intent = this.#intent;
    const busy = this.#working !== null;
    const title = intent === null ? "" : intent.letter ? words.oneOf(intent.deed, intent.letter.origin) : words.allOf(intent.deed, intent.reason);
    return html`<dialog aria-labelledby="title" aria-describedby="says" @cancel=${(event: Event) => busy && event.preventDefault()}>
      ${
        intent === null
          ? nothing
          : html`<form method="dialog" @submit=${this.#send} novalidate>
              <h2 id="title">${title}</h2>
              <p id="says" class="muted">${words.deedsSay[intent.deed]}</p>
              ${intent.letter ? html`<p class="code">${intent.letter.reason}: ${intent.letter.message}</p>` : nothing}
              ${
                intent.deed === "discard"
                  ? html`<label class="field">${words.note}<textarea name="note" maxlength=${NOTE_CHARS_MAX} aria-invalid=${String(this.#noteMissing)} aria-describedby="bad"></textarea></label>
                      <p id="bad" class="small" role="alert" ?hidden=${!this.#noteMissing}>${this.#noteMissing ? words.noteMissing : nothing}</p>`
                  : nothing
              }
              <p class="small muted" role="status">${busy ? words.working(reached(this.#working as Outcome)) : nothing}</p>
              <div class="spread"><button type="button" class="plain" ?disabled=${busy} @click=${this.#close}>${words.cancel}</button><button class="first" ?disabled=${busy}>${words.deeds[intent.deed]}</button></div>
            </form>`
      }</dialog>`;
  }

  readonly #send = async (event: Event): Promise<void> => {
    event.preventDefault();
    const intent = this.#intent;
    if (!intent || this.#working) return;
    const note = String(new FormData(event.target as HTMLFormElement).get("note") ?? "").trim();
    this.#noteMissing = intent.deed === "discard" && !note;
    this.requestUpdate();
    if (this.#noteMissing) return;
    const outcome = (this.#working = nothingDone());
    let trouble: Trouble | null = null;
    try {
      await operate(this.context.access, intent, note, outcome, () => this.requestUpdate(), new AbortController().signal);
    } catch (error) {
      trouble = error instanceof Trouble ? error : new Trouble("failed", error instanceof Error ? error.message : String(error));
    }
    this.#working = null;
    this.#close();
    this.#tell(intent, outcome, trouble);
  };

  /** What came of it, also where it was cut off: said, and read anew. */
  #tell(intent: Intent, outcome: Outcome, trouble: Trouble | null): void {
    const { words } = this.context;
    const parts = words.outcome(intent.deed, outcome);
    const cut = trouble && (trouble.kind === "forbidden" ? words.deedForbidden : `${words.trouble[trouble.kind]?.[0] ?? ""} ${trouble.kind === "failed" || trouble.kind === "refused" ? trouble.message : ""}`.trim());
    this.#outcome = { text: cut === null ? parts : reached(outcome) ? `${words.cutOff(cut)} ${parts}` : cut, bad: trouble !== null || outcome.failed + outcome.notKept > 0 };
    this.#turn++;
    this.done();
    if (trouble) this.context.troubled(trouble);
    this.requestUpdate();
    void this.updateComplete.then(() => this.renderRoot.querySelector<HTMLElement>(".outcome")?.focus({ preventScroll: false }));
  }
}
customElements.define("ex-letters", ExplorerLetters);
