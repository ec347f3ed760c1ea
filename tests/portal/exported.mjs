// A file of `graph-service export --html`, opened from the disk with the network off. Started by tests/live/test_export_html.py.
import { createRequire } from "node:module";

const { CHROMIUM, PACKAGES, SHOTS, FILE, INSTANTS } = process.env;
const { chromium } = createRequire(`${PACKAGES}/`)("playwright-core");
const found = { problems: [], requests: [], seen: {} };
process.on("uncaughtException", (error) => {
  console.error(JSON.stringify(found, null, 1), error);
  process.exit(1);
});
const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
const context = await browser.newContext({ viewport: { width: 1240, height: 980 }, reducedMotion: "reduce", offline: true, colorScheme: "light" });
const page = await context.newPage();
page.on("pageerror", (error) => found.problems.push(`error: ${error.message}`));
page.on("console", (message) => message.type() === "error" && found.problems.push(`console: ${message.text()}`));
page.on("request", (request) => request.url() !== FILE && found.requests.push(request.url()));
await page.addInitScript(() => {
  globalThis.moves = [];
  document.addEventListener("securitypolicyviolation", (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  document.addEventListener("kg-time-change", (event) => globalThis.moves.push(event.detail.validAt));
});
await page.goto(FILE);
const ready = () =>
  page.waitForFunction(() => {
    const root = document.querySelector("knowledge-graph").shadowRoot;
    const axis = root?.querySelector(".axis");
    return (axis && !axis.textContent.includes("Reading") && !root.querySelector(".busy")) || root?.querySelector("[part=empty]");
  });
const statuses = () =>
  page.evaluate(() => {
    const root = document.querySelector("knowledge-graph").shadowRoot;
    const known = ["present", "added", "removed", "changed", "ended", "undeclared"];
    return Object.fromEntries([...root.querySelectorAll('[role="option"]')].map((one) => [one.dataset.key, [...one.classList].find((name) => known.includes(name))]));
  });
const places = () => page.evaluate(() => Object.fromEntries([...document.querySelector("knowledge-graph").shadowRoot.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one.getAttribute("transform")])));

await ready();
found.title = await page.title();
found.said = await page.locator("header p").innerText();
found.errors = await page.locator("knowledge-graph .notice.bad").count();
await page.screenshot({ path: `${SHOTS}/exported.png` });

// Scrubbing by pointer and by key, over all of the bar.
const box = await page.locator("knowledge-graph .axis").boundingBox();
const before = await places();
await page.mouse.move(box.x + box.width * 0.1, box.y + 30);
await page.mouse.down();
for (let step = 0; step <= 20; step++) await page.mouse.move(box.x + box.width * (0.1 + step * 0.04), box.y + 30);
await page.mouse.up();
await page.locator("knowledge-graph [role=slider]").focus();
for (const key of ["End", "PageDown", "ArrowLeft"]) await page.keyboard.press(key);
await page.waitForTimeout(700);
const after = await places();
found.moved = Object.keys(before).filter((key) => after[key] !== undefined && after[key] !== before[key]);
found.moves = await page.evaluate(() => globalThis.moves.length);

// At each of these instants, what is drawn is what was so.
for (const at of JSON.parse(INSTANTS)) {
  await page.evaluate((at) => (document.querySelector("knowledge-graph").validAt = at), at);
  await page.waitForTimeout(450);
  await ready();
  found.seen[at] = await statuses();
}
found.errors += await page.locator("knowledge-graph .notice.bad").count();

// The event that made a change, and what it was caused by; what is not in the file says so.
await page.evaluate(() => (document.querySelector("knowledge-graph").validAt = "2026-01-19T00:00:00Z"));
await page.waitForTimeout(400);
await page.locator("knowledge-graph [role=option][tabindex='0']").press("]");
await page.waitForTimeout(600);
found.event = await page.locator("knowledge-graph .event strong").first().innerText();
await page.locator("knowledge-graph .event button").first().click();
await page.waitForTimeout(300);
found.cause_errors = await page.locator("knowledge-graph .notice.bad").count();
await page.getByRole("button", { name: "Impact" }).click();
await page.waitForTimeout(600);
found.not_there = await page.locator("knowledge-graph .notice.bad").allInnerTexts();
await page.keyboard.press("Escape");
await page.evaluate(() => Object.assign(document.querySelector("knowledge-graph"), { view: "impact", validAt: null }));
await page.waitForFunction(() => document.querySelector("knowledge-graph").shadowRoot.querySelectorAll("[part=impact] tbody tr").length > 0);
found.impact = await page.evaluate(() => [...document.querySelector("knowledge-graph").shadowRoot.querySelectorAll("[part=impact] tbody tr")].map((row) => row.children[1].textContent.trim()));
found.markup = await page.evaluate(() => [document.querySelectorAll("main img, main b").length, document.querySelector("knowledge-graph").shadowRoot.querySelectorAll("img, b, script").length]);
console.log(JSON.stringify({ found }));
await browser.close();
