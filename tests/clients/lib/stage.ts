// What every script here is given, and how it says what it found.
//
// The test that starts a script passes the address and a key, reads lines of JSON from it, and ends it badly if it hangs:
//   {"tell": n}    the script asks that n more events be recorded; a line comes back once they are in the graph
//   {"found": …}   the last line: what the test compares

import { createInterface } from 'node:readline';

function needed(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: tests/live/test_clients.py starts this script`);
  return value;
}

/** The address of GraphQL over HTTP, over WebSocket, and the key that is let in. */
export const url = needed('GRAPH_URL');
export const socketUrl = url.replace(/^http/, 'ws');
export const key = needed('GRAPH_KEY');

const answers = createInterface({ input: process.stdin })[Symbol.asyncIterator]();

/** Have n more events recorded; comes back when they are in the graph. */
export async function tell(n: number): Promise<void> {
  process.stdout.write(`${JSON.stringify({ tell: n })}\n`);
  const answer = await answers.next();
  if (answer.done) throw new Error('nobody tells: standard input has ended');
}

/** Say what was found, and end. */
export function found(what: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify({ found: what })}\n`, () => process.exit(0));
}

/** The cursor of the newest change, and what a change looks like to the scripts. */
export interface Told {
  cursor: string;
  entity: { key: string } | null;
}

/** What was sent with fetch so far: bodies of POST, parameters of GET. */
export const sent: Record<string, unknown>[] = [];

const plainFetch = globalThis.fetch;
globalThis.fetch = (input, init) => {
  sent.push(read(String(input), init?.body));
  return plainFetch(input, init);
};

function read(address: string, body: unknown): Record<string, unknown> {
  if (!body) return Object.fromEntries(new URL(address).searchParams);
  try {
    return JSON.parse(String(body));
  } catch {
    return {}; // an audit that sends what is no JSON
  }
}
