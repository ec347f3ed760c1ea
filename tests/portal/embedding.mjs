// The element and the frame in pages of other origins, with strict policies. Started by tests/live/test_embedding.py; prints what it found.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const { GRAPH_URL, GRAPH_KEY, CHROMIUM, ELEMENT, PACKAGES, SHOTS, HOST_PORT, STRANGER_PORT } = process.env;
const { chromium } = createRequire(`${PACKAGES}/`)("playwright-core");
const api = new URL(GRAPH_URL).origin;
const script = readFileSync(ELEMENT, "utf8");
const found = {};

const HOST_SCRIPT = `
globalThis.heard = [];
const frame = document.querySelector("iframe");
addEventListener("message", (event) => {
  if (event.origin !== "${api}" || event.source !== frame?.contentWindow) return;
  heard.push(event.data);
  if (event.data.type === "resize" || event.data.type === "ready") frame.height = event.data.height;
});
globalThis.say = (message) => frame.contentWindow.postMessage(message, "${api}");
document.addEventListener("securitypolicyviolation", (event) => heard.push({ type: "violation", what: event.violatedDirective + " " + event.blockedURI }));
`;
const STYLE = `body { font: 15px/1.5 system-ui, sans-serif; margin: 0; background: #eef1f5; color: #1c2530; }
header { background: #10243e; color: #fff; padding: 14px 28px; font-weight: 600; letter-spacing: .01em; }
section { background: #fff; border-radius: 12px; box-shadow: 0 1px 3px #0002; margin: 24px 28px; padding: 18px 20px; }
h1 { font-size: 21px; margin: 22px 28px 0; } h2 { font-size: 14px; margin: 0 0 12px; color: #5a6675; font-weight: 600; }
iframe { border: 0; width: 100%; display: block; min-height: 300px; }`;
const policy = (more) => `default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; ${more}`;
const page = (body) => `<!doctype html><html lang="en"><meta charset="utf-8"><title>Portal</title><link rel="stylesheet" href="/style.css"><header>Larkspur developer portal</header><h1>Checkout</h1>${body}</html>`;
const address = `${api}/embed?entity=service:checkout&valid-at=2026-01-10T00:00:00Z`;
const files = {
  "/frame": ["text/html", page(`<section><h2>Dependencies, at any time</h2><iframe title="Dependencies" src="${address}" referrerpolicy="origin"></iframe></section><script type="module" src="/host.js"></script>`), policy(`frame-src ${api} http://127.0.0.1:${STRANGER_PORT} http://127.0.0.1:${HOST_PORT}`)],
  "/quiet": ["text/html", page(`<iframe src="${address}" referrerpolicy="no-referrer"></iframe><script type="module" src="/host.js"></script>`), policy(`frame-src ${api} http://127.0.0.1:${STRANGER_PORT} http://127.0.0.1:${HOST_PORT}`)],
  "/element": ["text/html", page(`<section><h2>Dependencies, at any time</h2><knowledge-graph></knowledge-graph></section><script type="module" src="/element.js"></script><script type="module" src="/host.js"></script>`), `${policy(`connect-src ${api}`)}; require-trusted-types-for 'script'; trusted-types lit-html`],
  "/inside": ["text/html", `<!doctype html><script type="module" src="/intruder.js"></script>`, ""],
  "/intruder.js": ["text/javascript", `addEventListener("message", (event) => { for (const one of event.data.messages) parent.frames[0].postMessage(one, "*"); event.source.postMessage("sent", "*"); });`, ""],
  "/host.js": ["text/javascript", HOST_SCRIPT, ""],
  "/style.css": ["text/css", STYLE, ""],
  "/element.js": ["text/javascript", script, ""],
};
const serve = (port) =>
  new Promise((done) => {
    const server = createServer((request, response) => {
      const file = files[new URL(request.url, "http://x").pathname];
      if (!file) return response.writeHead(404).end();
      const [type, body, csp] = file;
      response.writeHead(200, { "content-type": `${type}; charset=utf-8`, ...(csp ? { "content-security-policy": csp } : {}) }).end(body);
    });
    server.listen(Number(port), "127.0.0.1", () => done(server));
  });
const servers = [await serve(HOST_PORT), await serve(STRANGER_PORT)];
const host = `http://127.0.0.1:${HOST_PORT}`;
const stranger = `http://127.0.0.1:${STRANGER_PORT}`;

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
process.on("uncaughtException", async (error) => {
  console.error(JSON.stringify(found, null, 1), error);
  process.exit(1);
});
const problems = [];
async function open(address) {
  const page = await browser.newPage({ viewport: { width: 1180, height: 860 }, reducedMotion: "reduce" });
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) problems.push(`console: ${message.text()}`);
  });
  await page.goto(address);
  return page;
}
const heard = (page, type) => page.evaluate((type) => globalThis.heard.filter((one) => one.type === type), type);
const until = (page, type, count = 1) => page.waitForFunction(([type, count]) => globalThis.heard.filter((one) => one.type === type).length >= count, [type, count]);
const say = (page, message) => page.evaluate((message) => globalThis.say(message), message);
const ready = (where) =>
  where.waitForFunction(() => {
    const root = document.querySelector("knowledge-graph")?.shadowRoot;
    const axis = root?.querySelector(".axis");
    return axis && !axis.textContent.includes("Reading") && !root.querySelector(".busy") && root.querySelector("[role=option]");
  });
const inFrame = (frame, name) => frame.evaluate((name) => document.querySelector("knowledge-graph").getAttribute(name), name);

// --- the frame, in a page that may ------------------------------------------------------------------------------------------------------------------
{
  const page = await open(`${host}/frame`);
  await until(page, "ready");
  found.ready = (await heard(page, "ready"))[0];
  await until(page, "error");
  found.before_token = (await heard(page, "error"))[0].kind;
  await say(page, { kg: 1, type: "token", token: GRAPH_KEY });
  const frame = page.frames().find((one) => one.url().includes("/embed"));
  await ready(frame);
  found.attributes_with_token = await frame.evaluate(() => document.documentElement.outerHTML.includes("Bearer") || location.href.includes("Bearer"));
  await until(page, "resize");
  const box = await page.locator("iframe").boundingBox();
  const inner = await frame.evaluate(() => document.documentElement.scrollHeight);
  found.fits = Math.abs(box.height - inner) <= 2;
  await page.setViewportSize({ width: 1180, height: Math.ceil(box.y + box.height) + 60 });
  await page.waitForTimeout(300);
  await page.screenshot({ path: `${SHOTS}/iframe.png` });
  await frame.locator("knowledge-graph [role=option][data-key='service:frontend']").click();
  await until(page, "select");
  found.selected = (await heard(page, "select")).at(-1).key;
  await frame.locator("knowledge-graph [role=option][tabindex='0']").press("]");
  await until(page, "time");
  found.time = (await heard(page, "time")).at(-1).validAt;
  await say(page, { kg: 1, type: "time", validAt: "2026-01-03T12:00:00Z", compareTo: "2026-01-02T12:00:00Z" });
  await frame.waitForFunction(() => document.querySelector("knowledge-graph").validAt === "2026-01-03T12:00:00Z");
  found.compare = await inFrame(frame, "compare-to");
  await say(page, { kg: 1, type: "configure", attributes: { entity: "service:cart", depth: 2, "compare-to": null, live: false } });
  await frame.waitForFunction(() => document.querySelector("knowledge-graph").entity === "service:cart");
  found.configured = [await inFrame(frame, "depth"), await inFrame(frame, "compare-to")];
  await ready(frame);
  // What means nothing has no effect, and the host hears why.
  const bad = [
    { kg: 2, type: "hello" },
    { kg: 1, type: "nothing" },
    { kg: 1, type: "configure", attributes: { endpoint: "https://elsewhere.example.org/graphql" } },
    { kg: 1, type: "configure", attributes: { entity: { toString: "x" } } },
    { kg: 1, type: "configure", attributes: { entity: "x".repeat(5000) } },
    { kg: 1, type: "configure" },
    { kg: 1, type: "configure", attributes: { constructor: "x" } },
    { kg: 1, type: "time", validAt: "2026-01-01T00:00:00Z", token: "x" },
    { kg: 1, type: "token", token: "two words" },
    { kg: 1, type: "token" },
  ];
  const errors = (await heard(page, "error")).length;
  for (const one of bad) await say(page, one);
  await until(page, "error", errors + bad.length);
  found.malformed = (await heard(page, "error")).slice(errors).map((one) => one.kind);
  // What is not of the protocol is not even answered.
  for (const one of ["text", null, 7, [], { type: "hello" }]) await say(page, one);
  // A page of another origin inside the same host, and that host's own other frame, are not the host.
  const before = await frame.evaluate(() => document.querySelector("knowledge-graph").outerHTML);
  const answered = (await heard(page, "error")).length + (await heard(page, "ready")).length;
  for (const other of [stranger, host]) {
    await page.evaluate(
      (address) =>
        new Promise((done) => {
          const inside = document.createElement("iframe");
          inside.addEventListener("load", () => {
            addEventListener("message", (event) => event.data === "sent" && event.source === inside.contentWindow && done());
            inside.contentWindow.postMessage({ messages: [{ kg: 1, type: "hello" }, { kg: 1, type: "configure", attributes: { entity: "service:old" } }, { kg: 1, type: "token", token: "stolen" }] }, "*");
          });
          inside.src = address;
          document.body.append(inside);
        }),
      `${other}/inside`,
    );
  }
  await page.waitForTimeout(300);
  found.foreign = {
    same: before === (await frame.evaluate(() => document.querySelector("knowledge-graph").outerHTML)),
    unanswered: answered === (await heard(page, "error")).length + (await heard(page, "ready")).length,
  };
  found.violations = await heard(page, "violation");
  await page.close();
}

// --- a host that keeps its name to itself, and says hello -------------------------------------------------------------------------------------------
{
  const page = await open(`${host}/quiet`);
  await page.frameLocator("iframe").locator("knowledge-graph").waitFor();
  await until(page, "ready");
  await say(page, { kg: 1, type: "hello" });
  await until(page, "ready", 2);
  found.hello = (await heard(page, "ready")).at(-1).version;
  await page.close();
}

// --- a page that may not ----------------------------------------------------------------------------------------------------------------------------
{
  const seen = problems.length;
  const page = await open(`${stranger}/frame`);
  await page.waitForTimeout(600);
  const frame = page.frames()[1];
  found.refused = [frame.url().startsWith(`${api}/`) ? await frame.evaluate(() => document.querySelectorAll("knowledge-graph").length).catch(() => 0) : 0, (await heard(page, "ready")).length];
  found.refused_because = problems.splice(seen).some((one) => /frame-ancestors/.test(one));
  await page.close();
}

// --- the element itself, in a page of another origin ----------------------------------------------------------------------------------------------
{
  const page = await open(`${host}/element`);
  await page.evaluate(
    ({ url, key }) => {
      const element = document.querySelector("knowledge-graph");
      element.headers = { authorization: `Bearer ${key}` };
      for (const [name, value] of Object.entries({ endpoint: url, entity: "service:checkout", "valid-at": "2026-01-10T00:00:00Z" })) element.setAttribute(name, value);
    },
    { url: GRAPH_URL, key: GRAPH_KEY },
  );
  await ready(page);
  found.element = await page.evaluate(() => document.querySelector("knowledge-graph").shadowRoot.querySelectorAll("[role=option]").length);
  found.violations.push(...(await heard(page, "violation")));
  await page.close();
}

found.problems = problems;
console.log(JSON.stringify({ found }));
await browser.close();
for (const server of servers) server.close();
