// The pictures of the README, of the demo story. Started by tests/screenshots.py.
import { createRequire } from "node:module";
import { createServer } from "node:http";

const { GRAPH_URL, GRAPH_KEY, CHROMIUM, PACKAGES, HOST_PORT, IMAGES, NOW } = process.env;
const { chromium } = createRequire(`${PACKAGES}/`)("playwright-core");
const api = new URL(GRAPH_URL).origin;
const host = `http://127.0.0.1:${HOST_PORT}`;
const problems = [];

const STYLE = `:root { font: 15px/1.5 system-ui, sans-serif; color: #1c2530; background: #eef1f5; }
body { margin: 0; display: grid; grid-template-columns: 150px 1fr; min-height: 100vh; }
nav { background: #10243e; color: #c9d6e6; padding: 20px 12px; } nav b { color: #fff; display: block; margin-bottom: 22px; font-size: 17px; }
nav a { display: block; padding: 7px 10px; border-radius: 6px; } nav a.on { background: #ffffff1f; color: #fff; }
article { padding: 24px 28px; } h1 { margin: 0; font-size: 23px; } h1 + p { margin: 2px 0 18px; color: #566373; }
section + section { margin-top: 16px; }
section { background: #fff; border-radius: 12px; box-shadow: 0 1px 3px #0002; padding: 14px 18px 18px; }
h2 { font-size: 14px; margin: 0 0 10px; color: #566373; font-weight: 600; } dl { margin: 0; display: flex; gap: 52px; } dt { color: #566373; font-size: 13px; } dd { margin: 0; }
iframe { border: 0; width: 100%; display: block; }`;
const PORTAL = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Portal</title><style>${STYLE}</style>
<nav><b>Larkspur</b><a>Home</a><a class="on">Catalogue</a><a>Runbooks</a><a>Incidents</a></nav>
<article><h1>Checkout</h1><p>Service of the team Buying</p><div>
<section><dl><div><dt>Owner</dt><dd>Buying</dd></div><div><dt>Lifecycle</dt><dd>production</dd></div><div><dt>Tier</dt><dd>1</dd></div><div><dt>Language</dt><dd>Java</dd></div></dl></section>
<section><h2>Dependencies</h2><iframe title="Dependencies" height="600" src="${api}/embed?entity=service:checkout&valid-at=2026-02-20T00:00:00Z&span=365&theme=light&types=CALLS,OWNED_BY,STORES_IN"></iframe></section>
</div></article><script>
addEventListener("message", ({ origin, data }) => {
  if (origin !== "${api}") return;
  const frame = document.querySelector("iframe");
  if (data.type === "ready") frame.contentWindow.postMessage({ kg: 1, type: "token", token: "${GRAPH_KEY}" }, origin);
  if (data.type === "resize") frame.height = data.height;
});</script></html>`;
const BARE = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Element</title><style>body { margin: 14px; background: #f3f5f8; color-scheme: light; } knowledge-graph { --kg-stage-height: 440px; }</style>
<script type="module" src="${api}/element/knowledge-graph.js"></script><knowledge-graph></knowledge-graph></html>`;
const server = createServer((request, response) => response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end(PORTAL)).listen(Number(HOST_PORT), "127.0.0.1");

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
process.on("uncaughtException", (error) => {
  console.error(problems, error);
  process.exit(1);
});
async function open(address, height) {
  const page = await browser.newPage({ viewport: { width: 1180, height }, reducedMotion: "reduce", colorScheme: "light" });
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  // The story's present, so that the bar ends where the story does.
  await page.clock.setFixedTime(new Date(NOW));
  await page.route(`${api}/bare`, (route) => route.fulfill({ contentType: "text/html", body: BARE }));
  await page.goto(address);
  return page;
}
const ready = (where) =>
  where.waitForFunction(() => {
    const root = document.querySelector("knowledge-graph")?.shadowRoot;
    const axis = root?.querySelector(".axis");
    return axis && !axis.textContent.includes("Reading") && !root.querySelector(".busy") && root.querySelector("[role=option]");
  }, null, { timeout: 60_000 });

async function element(name, attributes, height = 860, then = async () => undefined) {
  const page = await open(`${api}/bare`, height);
  await page.evaluate(
    ({ attributes, key }) => {
      const one = document.querySelector("knowledge-graph");
      one.headers = { authorization: `Bearer ${key}` };
      for (const [name, value] of Object.entries({ endpoint: "/graphql", theme: "light", ...attributes })) one.setAttribute(name, value);
    },
    { attributes, key: GRAPH_KEY },
  );
  await ready(page);
  await then(page);
  await page.waitForTimeout(700);
  await ready(page);
  const box = await page.locator("knowledge-graph").boundingBox();
  await page.screenshot({ path: `${IMAGES}/${name}.png`, clip: { x: 0, y: 0, width: 1180, height: Math.min(height, Math.ceil(box.y + box.height) + 14) } });
  await page.close();
}

await element("element", { entity: "service:checkout", "valid-at": "2026-02-01T00:00:00Z", span: "365", types: "CALLS,OWNED_BY,STORES_IN" }, 900, async (page) => {
  await page.locator("knowledge-graph [role=option][tabindex='0']").press("]");
});
await element("diff", { entity: "service:checkout", "valid-at": "2026-10-30T00:00:00Z", "compare-to": "2025-06-15T12:00:00Z", types: "CALLS,OWNED_BY,STORES_IN" }, 900);
{
  const page = await open(`${host}/`, 800);
  const frame = await page.waitForSelector("iframe").then((one) => one.contentFrame());
  await ready(frame);
  await page.waitForTimeout(600);
  const box = await page.locator("iframe").boundingBox();
  await page.setViewportSize({ width: 1180, height: Math.ceil(box.y + box.height) + 44 });
  await page.waitForTimeout(400);
  await page.screenshot({ path: `${IMAGES}/embedded.png` });
  await page.close();
}
{
  const page = await browser.newPage({ viewport: { width: 1180, height: 860 }, reducedMotion: "reduce", colorScheme: "light" });
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  await page.clock.setFixedTime(new Date(NOW));
  await page.addInitScript((key) => sessionStorage.setItem("graph-explorer-token", key), GRAPH_KEY);
  await page.goto(`${api}/explorer?entity=service:checkout&valid=2026-02-20T00:00:00Z&span=365&types=CALLS,OWNED_BY,STORES_IN`);
  await page.locator("knowledge-graph [role=option]").first().waitFor({ timeout: 60_000 });
  await page.waitForTimeout(4_000);
  await page.screenshot({ path: `${IMAGES}/explorer.png` });
  await page.close();
}
console.log(JSON.stringify({ found: { problems } }));
await browser.close();
server.close();
