// What all scripts here begin with: a Chromium, what was found, and what must not happen on any page. Started from Python, which names everything.
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const { CHROMIUM, ELEMENT, PACKAGES, SHOTS, GRAPH_URL, GRAPH_KEY } = process.env;
const require = createRequire(`${PACKAGES}/`);
const { chromium } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const element = readFileSync(ELEMENT, "utf8");

export const found = { axe: {} };
export const problems = [];
export const strangers = [];
process.on("uncaughtException", (error) => {
  console.error(JSON.stringify(found, null, 1), problems, error);
  process.exit(1);
});
export const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });

const input = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
/** Have something done outside, and wait for it. */
export async function tell(what) {
  console.log(JSON.stringify({ tell: what }));
  await input.next();
}
/** Say what was found, as one line of JSON. */
export async function finish() {
  await browser.close();
  console.log(JSON.stringify({ found: { ...found, problems, strangers } }));
  process.exit(0);
}

/** Errors of a page, and requests of it that `ours` does not know, are problems. */
export function watch(page, ours) {
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !/Failed to load resource/.test(message.text())) problems.push(`console: ${message.text()}`);
  });
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (!["data:", "blob:"].includes(url.protocol) && !ours(url)) strangers.push(request.url());
  });
  return page.addInitScript(() => document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`)));
}
export const shot = (page, name) => page.screenshot({ path: `${SHOTS}/${name}.png` });
/** Let axe look at what is there. */
export async function violations(page, name) {
  const told = await page.evaluate(`${axe}; axe.run(document, { resultTypes: ["violations"] }).then((all) => all.violations.map((one) => one.id + ": " + one.nodes.map((node) => node.target.join(" ") + " " + (node.any[0]?.message ?? "")).slice(0, 3).join("; ")))`);
  if (told.length) found.axe[name] = told;
}
/** What something costs the main thread of a page, in ms of its own CPU time: what waits for others on the machine is not in it. Until the frame after it is drawn. */
export async function costs(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "threadTicks" });
  const spent_s = async () => (await session.send("Performance.getMetrics")).metrics.find((one) => one.name === "TaskDuration").value;
  const frame = () => page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
  return async (go, given) => {
    await frame();
    const before_s = await spent_s();
    await page.evaluate(go, given);
    await frame();
    return ((await spent_s()) - before_s) * 1_000;
  };
}
export const rank = (all, share) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))];
export const wait = (page, ms) => page.waitForTimeout(ms);

// --- pages with <knowledge-graph> in them -----------------------------------------------------------------------------------------------------------
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types lit-html";
export const BEARER = { authorization: `Bearer ${GRAPH_KEY}` };

/** A page with a strict policy and elements in it, each with its attributes. */
export async function open(attributes, { headers = BEARER, dir = "ltr", scheme = "light", forced = "none", width = 1280, height = 900, motion = "reduce" } = {}) {
  const { origin } = new URL(GRAPH_URL);
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme, forcedColors: forced, reducedMotion: motion });
  page.setDefaultTimeout(60_000);
  await watch(page, (url) => url.origin === origin && ["/graphql", "/page", "/element.js"].includes(url.pathname));
  const all = [attributes].flat();
  const body = `<!doctype html><html lang="en" dir="${dir}"><meta charset="utf-8"><title>Test</title><script type="module" src="/element.js"></script><main><h1>Test</h1>${'<knowledge-graph endpoint="/graphql"></knowledge-graph>'.repeat(all.length)}</main></html>`;
  await page.route("**/page", (route) => route.fulfill({ contentType: "text/html", headers: { "content-security-policy": CSP }, body }));
  await page.route("**/favicon.ico", (route) => route.fulfill({ status: 204 }));
  await page.route("**/element.js", (route) => route.fulfill({ contentType: "text/javascript", body: element }));
  await page.addInitScript(() => {
    globalThis.heard = [];
    for (const name of ["kg-select", "kg-time-change", "kg-view-change", "kg-expand", "kg-error"]) document.addEventListener(name, (event) => globalThis.heard.push([name, event.detail]));
  });
  await page.goto(`${origin}/page`);
  await page.evaluate(
    ({ all, headers }) => {
      [...document.querySelectorAll("knowledge-graph")].forEach((one, at) => {
        one.headers = headers;
        for (const [name, value] of Object.entries(all[at])) one.setAttribute(name, value);
      });
    },
    { all, headers },
  );
  return page;
}
/** Set attributes of one of the elements; null takes one away. */
export const set = (page, attributes, at = 0) =>
  page.evaluate(
    ({ attributes, at }) => {
      const element = document.querySelectorAll("knowledge-graph")[at];
      for (const [name, value] of Object.entries(attributes)) value === null ? element.removeAttribute(name) : element.setAttribute(name, value);
    },
    { attributes, at },
  );
export const inside = (page, go, given, at = 0) => page.evaluate(`(${go})(document.querySelectorAll("knowledge-graph")[${at}].shadowRoot, ${JSON.stringify(given ?? null)})`);
export const text = (page, selector) => page.locator(`knowledge-graph ${selector}`).first().innerText();
/** All is read, and drawn. */
export const ready = (page, at = 0) =>
  page.waitForFunction((at) => {
    const root = document.querySelectorAll("knowledge-graph")[at].shadowRoot;
    const axis = root?.querySelector(".axis");
    return axis && !axis.textContent.includes("Reading") && !root.querySelector(".busy");
  }, at);
export const statuses = (page, at = 0) =>
  inside(page, (root) =>
    Object.fromEntries([...root.querySelectorAll('[role="option"]')].map((one) => [one.dataset.key, [...one.classList].find((name) => ["present", "added", "removed", "changed", "ended", "undeclared"].includes(name)) ?? "fold"])), null, at,
  );
export const heard = (page, name) => page.evaluate((name) => globalThis.heard.filter(([one]) => one === name).map(([, detail]) => detail), name);
