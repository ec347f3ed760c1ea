import { en, type Words } from "./en.js";

export type { Words } from "./en.js";

const languages = new Map<string, Words>([["en", en]]);

/** Make a language known. `de-AT` finds `de-AT`, then `de`, then English. */
export function addLanguage(lang: string, words: Words): void {
  languages.set(lang.toLowerCase(), words);
}

export function wordsFor(lang: string): Words {
  const asked = lang.toLowerCase();
  return languages.get(asked) ?? languages.get(asked.split("-")[0] ?? "") ?? en;
}
