import type { Ref } from "./generated.js";

/** The better it fits, the less. What begins like the text comes before what only has it somewhere; the shorter name first. */
export function rank(entity: Ref, text: string): number {
  const asked = text.toLowerCase();
  const name = entity.name.toLowerCase();
  const bare = entity.key.slice(entity.key.indexOf(":") + 1).toLowerCase();
  if (entity.key.toLowerCase() === asked || name === asked || bare === asked) return 0;
  const sort = bare.startsWith(asked) || name.startsWith(asked) ? 1 : name.includes(asked) || bare.includes(asked) ? 2 : 3;
  return sort * 1000 + Math.min(999, Math.min(name.length, bare.length));
}
