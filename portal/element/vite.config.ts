import { defineConfig, transformWithEsbuild, type Plugin } from "vite";

/** Vite leaves the white space of a library's ES module as it is; and that of templates nobody sees. */
const small: Plugin = {
  name: "small",
  transform(code, id) {
    if (!/\/src\/[^?]*\.ts$/.test(id)) return null;
    if (id.endsWith("styles.ts")) return code.replaceAll(/\n\s+/g, " ").replaceAll(/ ?([{}:;,>]) /g, "$1");
    return code.replaceAll(/>\s*\n\s*</g, "><").replaceAll(/>\s*\n\s*\$\{/g, ">${").replaceAll(/\}\s*\n\s*</g, (text) => (text.includes("}") ? "}\n<" : text));
  },
  async generateBundle(_, bundle) {
    for (const chunk of Object.values(bundle)) {
      if (chunk.type !== "chunk") continue;
      const options = { minify: true, target: "es2022", format: "esm", legalComments: "none", sourcemap: false } as const;
      chunk.code = (await transformWithEsbuild(chunk.code, chunk.fileName, options)).code;
    }
  },
};

// One ES module with everything in it: no file beside it, no request for another.
export default defineConfig({
  plugins: [small],
  build: {
    target: "es2022",
    lib: { entry: "src/index.ts", formats: ["es"], fileName: () => "knowledge-graph.js" },
    outDir: "dist",
    emptyOutDir: true,
    reportCompressedSize: false,
    rollupOptions: { output: { inlineDynamicImports: true } },
  },
});
