import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

// The tests live with all others, outside of this folder: what they import is found here.
export default defineConfig({
  root: here("../../tests/portal"),
  resolve: { alias: { "fast-check": here("node_modules/fast-check"), "@element": here("src"), "@explorer": here("../explorer/src") } },
  server: { fs: { allow: [here("../..")] } },
  // Hundreds of generated cases take as long as the machine is busy.
  test: { globals: true, include: ["**/*.test.ts"], environment: "node", cache: false, testTimeout: 60_000 },
});
