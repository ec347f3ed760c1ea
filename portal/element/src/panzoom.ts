/** Moving and enlarging a picture by pointer, wheel and buttons. Knows nothing of what is in it. */

export interface Camera {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}

export interface Box {
  readonly minX: number;
  readonly minY: number;
  readonly width: number;
  readonly height: number;
}

export const SCALE_MIN = 0.15;
export const SCALE_MAX = 2.5;
/** Below this, text cannot be read: rather not everything is shown at first. */
const READABLE = 0.62;

const clamp = (value: number, low: number, high: number): number => Math.min(high, Math.max(low, value));

export const write = ({ k, x, y }: Camera): string => `translate(${x.toFixed(1)} ${y.toFixed(1)}) scale(${k.toFixed(4)})`;

/** All of a box within a stage; with `centre`, never unreadably small: then around that point. */
export function fit(box: Box, width: number, height: number, centre: { x: number; y: number } | null): Camera {
  const margin = 28;
  const whole = Math.min((width - 2 * margin) / box.width, (height - 2 * margin) / box.height);
  const k = clamp(centre ? Math.max(READABLE, whole) : whole, SCALE_MIN, 1.15);
  const along = (size: number, min: number, room: number, middle: number | undefined): number => {
    if (size * k <= room - margin || middle === undefined) return room / 2 - (min + size / 2) * k;
    // No empty room while there is more to see.
    return clamp(room / 2 - middle * k, room - margin - (min + size) * k, margin - min * k);
  };
  return { k, x: along(box.width, box.minX, width, centre?.x), y: along(box.height, box.minY, height, centre?.y) };
}

export function zoomed({ k, x, y }: Camera, factor: number, atX: number, atY: number): Camera {
  const next = clamp(k * factor, SCALE_MIN, SCALE_MAX);
  return { k: next, x: atX - ((atX - x) * next) / k, y: atY - ((atY - y) * next) / k };
}

/** So far that a box is within the stage, and no further. */
export function revealing(camera: Camera, box: Box, width: number, height: number): Camera {
  const move = (min: number, size: number, offset: number, room: number): number => {
    const low = min * camera.k + offset - 24;
    const high = (min + size) * camera.k + offset + 24;
    return low < 0 ? offset - low : high > room ? offset - (high - room) : offset;
  };
  return { k: camera.k, x: move(box.minX, box.width, camera.x, width), y: move(box.minY, box.height, camera.y, height) };
}

const DRAG_PX = 4;

/** Pointers on a stage: one drags, two pinch. Tells whether a click was the end of a drag. */
export class Pointers {
  readonly #at = new Map<number, { x: number; y: number }>();
  #moved = 0;

  constructor(
    private readonly read: () => Camera,
    private readonly set: (camera: Camera) => void,
  ) {}

  get dragged(): boolean {
    return this.#moved > DRAG_PX;
  }

  readonly down = (event: PointerEvent): void => {
    if (event.pointerType === "mouse" && event.button !== 0) return;
    if (this.#at.size === 0) this.#moved = 0;
    this.#at.set(event.pointerId, { x: event.clientX, y: event.clientY });
  };

  readonly move = (event: PointerEvent): void => {
    const before = this.#at.get(event.pointerId);
    if (!before) return;
    const stage = event.currentTarget as Element;
    const now = { x: event.clientX, y: event.clientY };
    this.#moved += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
    // Captured only when it is a drag, so that a click stays one of what is under it.
    if (this.dragged && !stage.hasPointerCapture(event.pointerId)) stage.setPointerCapture(event.pointerId);
    const other = [...this.#at].find(([id]) => id !== event.pointerId)?.[1];
    const camera = this.read();
    if (other) {
      const box = stage.getBoundingClientRect();
      const apart = (one: { x: number; y: number }): number => Math.max(1, Math.hypot(one.x - other.x, one.y - other.y));
      this.set(zoomed(camera, apart(now) / apart(before), (now.x + other.x) / 2 - box.left, (now.y + other.y) / 2 - box.top));
    } else {
      this.set({ ...camera, x: camera.x + now.x - before.x, y: camera.y + now.y - before.y });
    }
    this.#at.set(event.pointerId, now);
  };

  readonly up = (event: PointerEvent): void => {
    this.#at.delete(event.pointerId);
  };
}
