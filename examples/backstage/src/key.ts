import type { Entity } from "@backstage/catalog-model";

/** The annotation that says which entity of the graph an entity of the catalogue is. */
export const KEY_ANNOTATION = "graph-service/key";

/** The key in the graph, such as `service:checkout`; undefined for what is not in it. */
export function keyOf(entity: Entity): string | undefined {
  return entity.metadata.annotations?.[KEY_ANNOTATION]?.trim() || undefined;
}
