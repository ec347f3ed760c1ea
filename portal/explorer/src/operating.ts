import { ask, type Access } from "@element/client.js";
import { Discard, Letters, Replay, type LettersData, type ReplayData } from "./generated.js";

/** What operators do with dead letters, some at a time: what was done stays done when the rest cannot be. */

export type Letter = LettersData["deadLetters"]["edges"][number]["node"];
export type Deed = "replay" | "discard";

/** What is to be done, and with which: one of them, or all that wait for one reason. */
export interface Intent {
  readonly deed: Deed;
  readonly letter: Letter | null;
  readonly reason: string;
}

/** How many came to what, so far. */
export interface Outcome {
  replayed: number;
  events: number;
  failed: number;
  notKept: number;
  discarded: number;
  settledBefore: number;
}

const AT_ONCE = 100;

export const nothingDone = (): Outcome => ({ replayed: 0, events: 0, failed: 0, notKept: 0, discarded: 0, settledBefore: 0 });

/** How many letters were reached. */
export const reached = (outcome: Outcome): number => outcome.replayed + outcome.failed + outcome.notKept + outcome.discarded + outcome.settledBefore;

async function replay(access: Access, intent: Intent, into: Outcome, step: () => void, signal: AbortSignal): Promise<void> {
  const wanted = intent.letter ? { ids: [intent.letter.id] } : { reason: intent.reason, first: AT_ONCE };
  for (let after: string | null = null, first = true; first || after !== null; first = false) {
    const { replayDeadLetters: found }: ReplayData = await ask(access, Replay, { ...wanted, ...(after === null ? {} : { after }) }, signal);
    into.replayed += found.replayed.length;
    into.events += found.events;
    into.failed += found.failed.length;
    into.notKept += found.notKept.length;
    into.settledBefore += found.already.length;
    after = intent.letter ? null : found.endCursor;
    step();
  }
}

async function waitingFor(access: Access, reason: string, signal: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  for (let after: string | null = null, first = true; first || after !== null; first = false) {
    const { deadLetters }: LettersData = await ask(access, Letters, { filter: { reason, state: "WAITING" }, first: AT_ONCE, ...(after === null ? {} : { after }) }, signal);
    ids.push(...deadLetters.edges.map((edge) => edge.node.id));
    after = deadLetters.pageInfo.hasNextPage ? deadLetters.pageInfo.endCursor : null;
  }
  return ids;
}

async function discard(access: Access, intent: Intent, note: string, into: Outcome, step: () => void, signal: AbortSignal): Promise<void> {
  const ids = intent.letter ? [intent.letter.id] : await waitingFor(access, intent.reason, signal);
  for (let at = 0; at < ids.length; at += AT_ONCE) {
    const { discardDeadLetters: found } = await ask(access, Discard, { ids: ids.slice(at, at + AT_ONCE), note }, signal);
    into.discarded += found.discarded.length;
    into.settledBefore += found.settledBefore.length;
    step();
  }
}

/**
 * Do it. `into` grows while it is done, and `step` is called each time.
 * @throws Trouble, after which `into` says how far it came.
 */
export async function operate(access: Access, intent: Intent, note: string, into: Outcome, step: () => void, signal: AbortSignal): Promise<void> {
  if (intent.deed === "replay") await replay(access, intent, into, step, signal);
  else await discard(access, intent, note, into, step, signal);
}

/** Reasons for which letters wait, with how many of those that were read. */
export function waitingReasons(letters: readonly Letter[]): readonly (readonly [string, number])[] {
  const found = new Map<string, number>();
  for (const one of letters) if (one.state === "WAITING") found.set(one.reason, (found.get(one.reason) ?? 0) + 1);
  return [...found].sort(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
}
