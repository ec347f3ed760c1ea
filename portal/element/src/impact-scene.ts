import type { ImpactData } from "./generated.js";
import { edgeId, type Edge } from "./facts.js";
import { DEFAULTS, layout, type LayoutOptions } from "./layout.js";
import type { NodeLook, Picture, Scene, SceneNode } from "./scene.js";

/** An impact as something to draw: what is affected by distance, and the relationships that prove it. */
export function impactScene(focus: SceneNode, impact: ImpactData["impact"], options: Partial<LayoutOptions>): { scene: Scene; picture: Picture } {
  const nodes = new Map<string, SceneNode>([[focus.key, { ...focus, hop: 0 }]]);
  const looks = new Map<string, NodeLook>([[focus.key, { status: "present", state: null }]]);
  const edges = new Map<string, Edge>();
  for (const { entity, distance, path } of impact.items) {
    nodes.set(entity.key, { key: entity.key, kind: entity.kind, name: entity.name, hop: distance });
    looks.set(entity.key, { status: entity.ended ? "ended" : entity.declared ? "present" : "undeclared", state: null });
    for (const one of path.relationships) {
      const edge = { type: one.type, source: one.source.key, target: one.target.key, discriminator: one.discriminator };
      const id = edgeId(edge);
      edges.set(id, { id, ...edge });
    }
  }
  const all = [...edges.values()].filter((one) => nodes.has(one.source) && nodes.has(one.target));
  const near = new Map<string, Edge[]>();
  for (const edge of all) for (const key of new Set([edge.source, edge.target])) near.set(key, [...(near.get(key) ?? []), edge]);
  const places = layout([...nodes.values()].map((one) => ({ ...one, spans: [] })), all, { ...DEFAULTS, share: false, ...options });
  const folded = new Map(places.folds.flatMap((fold) => fold.keys.map((key) => [key, fold.id] as const)));
  return {
    scene: { ...places, focus: focus.key, nodes, edges: all, near, folded },
    picture: { nodes: looks, edges: new Map(all.map((one) => [one.id, { status: "present", state: null }])) },
  };
}
