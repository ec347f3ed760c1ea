// Ends the build when the module is larger than promised, or is not alone.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BYTES_MAX = 45_000;
const folder = fileURLToPath(new URL("../dist/", import.meta.url));
const modules = readdirSync(folder).filter((name) => name !== "types");
if (modules.join() !== "knowledge-graph.js") throw new Error(`one module is promised, there are ${modules.join(", ")}`);
const bytes = gzipSync(readFileSync(folder + modules[0]), { level: 9 }).length;
console.log(`knowledge-graph.js: ${bytes} bytes gzipped, of ${BYTES_MAX}`);
if (bytes > BYTES_MAX) throw new Error("larger than promised");
