import type { Happening } from "./scene.js";
import { SECOND, type Micros } from "./time.js";
import type { Window } from "./session.js";

const PLAY_MS = 900;
const STEPS: Readonly<Record<string, number>> = { ArrowLeft: -0.01, ArrowDown: -0.01, ArrowRight: 0.01, ArrowUp: 0.01, PageDown: -0.1, PageUp: 0.1 };

/** What moving through time needs to know, and what it does. */
export interface Movable {
  /** The instant that is shown; null while there is none. */
  readonly at: () => Micros | null;
  readonly window: () => Window;
  readonly happenings: () => readonly Happening[];
  readonly moveTo: (at: Micros, moving: boolean) => void;
  /** It came to rest. */
  readonly rest: () => void;
  readonly changed: () => void;
}

/** Moving through time by keys, from change to change, and by itself. */
export class Moves {
  #playing: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly host: Movable) {}

  get playing(): boolean {
    return this.#playing !== undefined;
  }

  stop(): void {
    clearInterval(this.#playing);
    this.#playing = undefined;
  }

  /** To the change before or after. Returns whether there was one. */
  step(sign: -1 | 1): boolean {
    const at = this.host.at();
    if (at === null) return false;
    const all = this.host.happenings();
    const found = sign > 0 ? all.find((one) => one.at > at) : all.findLast((one) => one.at < at);
    if (found) this.host.moveTo(found.at, this.playing);
    return found !== undefined;
  }

  readonly play = (): void => {
    if (this.playing) {
      this.stop();
      this.host.rest();
    } else {
      const at = this.host.at();
      const last = this.host.happenings().at(-1);
      if (at === null || !last) return;
      // From the end, it begins anew.
      if (at >= last.at) this.host.moveTo(this.host.window().from, true);
      this.#playing = setInterval(() => {
        if (!this.step(1)) this.play();
      }, PLAY_MS);
    }
    this.host.changed();
  };

  readonly key = (event: KeyboardEvent): void => {
    const at = this.host.at();
    if (at === null || event.ctrlKey || event.metaKey || event.altKey) return;
    const { from, to } = this.host.window();
    let next: Micros | undefined;
    if (event.key === "Home") next = from;
    else if (event.key === "End") next = to;
    else if (event.key === " ") this.play();
    else {
      const step = STEPS[event.key];
      if (step === undefined) return;
      // Whole seconds: nobody means the microseconds of a bar.
      next = Math.round((at + step * (to - from)) / SECOND) * SECOND;
    }
    event.preventDefault();
    if (next !== undefined) this.host.moveTo(Math.min(to, Math.max(from, next)), false);
  };
}
