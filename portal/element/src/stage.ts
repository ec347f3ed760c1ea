import type { ReactiveController, ReactiveControllerHost } from "lit";
import { foldKey } from "./graph-view.js";
import { NODE_HEIGHT, NODE_WIDTH } from "./layout.js";
import { Pointers, fit, revealing, write, zoomed, type Box, type Camera } from "./panzoom.js";
import type { Scene } from "./scene.js";

interface Host extends ReactiveControllerHost {
  readonly renderRoot: HTMLElement | DocumentFragment;
}

/** Below these, signs of states grow against the picture: they are told apart at any zoom. */
const FAR = 0.7;
const FARTHER = 0.45;
const CENTRE = { x: NODE_WIDTH / 2, y: 0 };

/** Where the picture is looked at from: fitted when another one is drawn, and moved by pointer, wheel and keys. */
export class Stage implements ReactiveController {
  /** Of the element, in pixels. */
  width = 720;
  mirror = false;
  scene: Scene | null = null;
  #camera: Camera = { k: 1, x: 0, y: 0 };
  #fitted = "";
  #size = { width: 640, height: 416 };
  readonly pointers = new Pointers(() => this.#camera, (camera) => this.#set(camera));
  readonly #sizes = new ResizeObserver((entries) => this.#resized(entries));
  readonly #watched = new Set<Element>();

  constructor(private readonly host: Host) {
    host.addController(this);
  }

  hostDisconnected(): void {
    this.#sizes.disconnect();
    this.#watched.clear();
  }

  get transform(): string {
    return write(this.#camera);
  }

  /** Another picture: look at it as a whole again. */
  forget(): void {
    this.#fitted = "";
  }

  /** After a rendering: watch what is there now, and fit what was not seen before. */
  rendered(view: string): void {
    const now = [".stage", ".time"].map((name) => this.host.renderRoot.querySelector(name)).filter((one) => one !== null);
    for (const one of this.#watched) {
      if (!now.includes(one)) {
        this.#sizes.unobserve(one);
        this.#watched.delete(one);
      }
    }
    for (const one of now) {
      if (this.#watched.has(one)) continue;
      this.#watched.add(one);
      this.#sizes.observe(one);
    }
    const { scene } = this;
    const name = scene ? `${scene.focus} ${scene.width} ${scene.height} ${view}` : "";
    if (!scene || this.#fitted === name || this.#size.width <= 0) return;
    this.#fitted = name;
    this.#set(fit(this.#box(), this.#size.width, this.#size.height, CENTRE));
  }

  zoom(factor: number): void {
    this.#set(zoomed(this.#camera, factor, this.#size.width / 2, this.#size.height / 2));
  }

  readonly fitAll = (): void => {
    this.#set(fit(this.#box(), this.#size.width, this.#size.height, null));
  };

  /** Move so far that one card or fold is seen. */
  reveal(key: string): void {
    const at = this.scene?.folds.find((one) => foldKey(one) === key) ?? this.scene?.places.get(key);
    if (!at) return;
    const box = { minX: this.mirror ? -at.x : at.x, minY: at.y, width: NODE_WIDTH, height: NODE_HEIGHT };
    this.#set(revealing(this.#camera, box, this.#size.width, this.#size.height));
  }

  readonly wheel = (event: WheelEvent): void => {
    // A plain wheel scrolls the page that the picture is in.
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    const box = (event.currentTarget as Element).getBoundingClientRect();
    this.#set(zoomed(this.#camera, Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.004)), event.clientX - box.left, event.clientY - box.top));
  };

  #set(camera: Camera): void {
    this.#camera = camera;
    // Moving is not rendering: only this one attribute changes.
    const world = this.host.renderRoot.querySelector(".world");
    if (!world) return;
    world.setAttribute("transform", write(camera));
    world.classList.toggle("far", camera.k < FAR && camera.k >= FARTHER);
    world.classList.toggle("farther", camera.k < FARTHER);
  }

  #box(): Box {
    const { minX, minY, width, height } = this.scene ?? { minX: 0, minY: 0, width: NODE_WIDTH, height: NODE_HEIGHT };
    return { minX: this.mirror ? NODE_WIDTH - minX - width : minX, minY: minY - 8, width, height: height + 16 };
  }

  #resized(entries: readonly ResizeObserverEntry[]): void {
    let other = false;
    for (const { target, contentRect } of entries) {
      if (target.classList.contains("stage")) {
        other ||= this.#size.width !== contentRect.width || this.#size.height !== contentRect.height;
        this.#size = { width: contentRect.width, height: contentRect.height };
        if (other) this.#fitted = "";
      } else {
        other ||= this.width !== contentRect.width;
        this.width = contentRect.width;
      }
    }
    if (other) this.host.requestUpdate();
  }
}
