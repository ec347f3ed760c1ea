// What the attributes, events, parts and variables of <knowledge-graph> promise, one by one. Started by tests/live/test_portal_attributes.py.
import { finish, found, heard, inside, open, ready, set, shot, statuses, text, violations, wait } from "./driving.mjs";

const { GRAPH_KEY, GRAPH_URL } = process.env;
const at = (day) => `2026-01-${String(day).padStart(2, "0")}T00:00:00Z`;
const element = (page, go, given) => page.evaluate(`(${go})(document.querySelector("knowledge-graph"), ${JSON.stringify(given ?? null)})`);
const last = async (page, name) => (await heard(page, name)).at(-1);
const kept = async (page) => Object.keys(await statuses(page)).sort();
/** Until something is so within the element; by looking from here, since the policy of the page forbids to evaluate in it. */
async function until(page, go, given) {
  for (const end = Date.now() + 30_000; Date.now() < end; await wait(page, 50)) if (await inside(page, go, given)) return;
  throw new Error(`never so: ${go}`);
}

// --- each attribute ---------------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": at(10) });
  await ready(page);
  const shown = (found.shown = {});
  const clean = { entity: "service:checkout", "valid-at": at(10), "known-at": null, "compare-to": null, direction: null, depth: null, kinds: null, types: null };
  for (const [name, attributes] of Object.entries({
    plain: {},
    entity: { entity: "service:cart" },
    "valid-at": { "valid-at": "2026-01-02T12:00:00Z" },
    milliseconds: { "valid-at": String(Date.parse("2026-01-02T12:00:00Z")) },
    offset: { "valid-at": "2026-01-02T13:00:00+01:00" },
    "direction in": { direction: "in" },
    "direction out": { direction: "out" },
    "direction nonsense": { direction: "sideways" },
    "depth 2": { depth: "2" },
    "depth nonsense": { depth: "many" },
    kinds: { kinds: "service" },
    types: { types: "OWNED_BY" },
    "compare-to": { "compare-to": "2026-01-02T12:00:00Z" },
    // Everything is recorded in the first seconds of 1970, in order: by then, checkout was known, and frontend was not.
    "known-at": { "known-at": "1970-01-01T00:00:01.000001Z" },
  })) {
    await set(page, { ...clean, ...attributes });
    await wait(page, 60);
    await ready(page);
    await wait(page, 400);
    await ready(page);
    shown[name] = name === "compare-to" ? await statuses(page) : await kept(page);
  }
  await page.close();
}

// --- theme, variables, parts ------------------------------------------------------------------------------------------------------------------------
{
  found.looks = {};
  const surface = (page) => inside(page, (root) => getComputedStyle(root.host).backgroundColor);
  const colour = (page) => inside(page, (root) => getComputedStyle(root.host).color);
  for (const scheme of ["light", "dark"]) {
    const page = await open({ entity: "service:checkout", "valid-at": at(10), depth: "2" }, { scheme });
    await ready(page);
    const looks = (found.looks[scheme] = {});
    await page.evaluate(() => (document.documentElement.style.colorScheme = "light dark"));
    looks.auto = [await surface(page), await colour(page)];
    for (const theme of ["light", "dark"]) {
      await set(page, { theme });
      looks[theme] = [await surface(page), await colour(page)];
      await shot(page, `${theme}-in-${scheme}`);
      await violations(page, `${theme} in ${scheme}`);
    }
    await page.close();
  }
  const page = await open({ entity: "service:checkout", "valid-at": at(21), "compare-to": "2026-01-02T12:00:00Z", theme: "light" });
  await ready(page);
  await page.locator("knowledge-graph [role=option][data-key='service:checkout']").press("Enter");
  await page.locator("knowledge-graph aside .event").waitFor();
  found.parts = await inside(page, (root) => [...new Set([...root.querySelectorAll("[part]")].flatMap((one) => [...one.part]))].sort());
  // Those of a portal, and ours over them.
  const style = (text) =>
    page.evaluate((text) => {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      document.adoptedStyleSheets = [sheet];
    }, text);
  const look = () =>
    inside(page, (root) => {
      const of = (selector, name) => getComputedStyle(root.querySelector(selector))[name];
      return [getComputedStyle(root.host).backgroundColor, of(".node.added .card", "stroke"), of(".glyph.k0", "fill"), of(".frame", "borderRadius"), of("[part=legend]", "backgroundColor")];
    });
  await style(":root { --bui-bg-app: rgb(1, 2, 3) }");
  found.portal = await look();
  await style(":root { --bui-bg-app: rgb(1, 2, 3) } knowledge-graph { --kg-surface: rgb(4, 5, 6); --kg-added: rgb(7, 8, 9); --kg-kind-1: rgb(10, 11, 12); --kg-radius: 3px } knowledge-graph::part(legend) { background: rgb(13, 14, 15) }");
  found.own = await look();
  await page.close();
}

// --- the bar of time: play, window, hold, the second clock, drag -------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": at(1) });
  await ready(page);
  const bar = (found.bar = {});
  const graph = page.locator("knowledge-graph");
  const told = () => text(page, "[part=instant]");
  bar.told = await told();
  await graph.getByRole("button", { name: "Play" }).click();
  await until(page, (root) => root.querySelector("[aria-label=Pause]"));
  await until(page, (root) => !root.querySelector("[aria-label=Pause]"));
  const moves = await heard(page, "kg-time-change");
  bar.played = [...new Set(moves.map((one) => one.validAt))];
  bar.rest = [moves.at(-1).moving, moves.slice(0, -1).every((one) => one.moving)];
  await graph.getByRole("combobox", { name: "Window" }).selectOption("90");
  bar.window = (await last(page, "kg-view-change")).span;
  await ready(page);
  await graph.getByRole("button", { name: "Compare" }).click();
  bar.held = [(await last(page, "kg-time-change")).compareTo, await element(page, (one) => one.compareTo)];
  await graph.getByRole("button", { name: "End comparison" }).click();
  bar.freed = (await last(page, "kg-time-change")).compareTo;
  bar.clocks = [await inside(page, (root) => root.querySelector(".says") !== null)];
  await graph.getByRole("checkbox", { name: "As known then" }).check();
  bar.clocks.push(await text(page, ".says"), (await last(page, "kg-time-change")).asKnownThen);
  await graph.getByRole("checkbox", { name: "As known then" }).uncheck();
  const box = await page.locator("knowledge-graph .axis").boundingBox();
  await page.mouse.click(box.x + box.width * 0.37, box.y + 30);
  bar.dragged = (await last(page, "kg-time-change")).validAt;
  await graph.getByRole("button", { name: "Now" }).click();
  bar.now = [(await last(page, "kg-time-change")).validAt, (await told()).startsWith("Now")];
  await page.close();
}

// --- events, and where the keys go on -----------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": at(10) });
  await ready(page);
  const focus = () => inside(page, (root) => root.activeElement?.dataset?.key ?? root.activeElement?.getAttribute("aria-label") ?? root.activeElement?.localName ?? null);
  const keys = (found.keys = {});
  const card = page.locator("knowledge-graph [role=option][data-key='service:frontend']");
  await card.press("Enter");
  await page.locator("knowledge-graph aside").getByRole("button", { name: "Close" }).press("Enter");
  await wait(page, 100);
  keys.closed = await focus();
  await card.press("Enter");
  await page.locator("knowledge-graph aside").getByRole("button", { name: "Close" }).focus();
  await page.keyboard.press("Escape");
  await wait(page, 100);
  keys.escaped = await focus();
  await page.locator("knowledge-graph").getByRole("button", { name: "Keyboard help" }).press("Enter");
  await page.locator("knowledge-graph [role=dialog]").getByRole("button", { name: "Close" }).press("Enter");
  await wait(page, 100);
  keys.helped = await focus();
  await card.press("Enter");
  await page.locator("knowledge-graph").getByRole("button", { name: "Centre here" }).click();
  await ready(page);
  found.centred = [await last(page, "kg-expand"), await element(page, (one) => one.entity)];
  await set(page, { "valid-at": "2026-02-31T00:00:00Z" });
  await page.locator("knowledge-graph [part=error]").waitFor();
  await set(page, { theme: "dark" });
  await wait(page, 100);
  found.told = await heard(page, "kg-error");
  await page.close();
}

// --- much of something: a long history, a wide impact --------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:busy", "valid-at": at(1) });
  await ready(page);
  const much = (found.much = {});
  much.changes = await inside(page, (root) => root.querySelector(".axis text[text-anchor=middle]").textContent.trim());
  await page.getByRole("button", { name: "Table" }).click();
  const table = (number) => inside(page, (root, number) => [...root.querySelectorAll("[part=table]")[number].querySelectorAll("tbody tr")].map((row) => row.textContent.trim()), number);
  const rows = await table(2);
  much.rows = [rows.length, rows.at(-1)];
  await shot(page, "long-table");
  await violations(page, "long table");
  await set(page, { entity: "service:wide", view: "impact", "valid-at": at(29) });
  await until(page, (root) => root.querySelector("[part=impact] tbody tr:nth-child(2)"));
  much.impact = [await text(page, "[part=impact] strong"), await inside(page, (root) => root.querySelectorAll("[part=impact] tbody tr").length), await text(page, "[part=impact] .spread button")];
  await shot(page, "wide-impact");
  await page.close();
}

// --- the explorer, of something that changed more often than one page of a history ------------------------------------------------------------------------
{
  const { origin } = new URL(GRAPH_URL);
  const { browser } = await import("./driving.mjs");
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce" });
  page.setDefaultTimeout(60_000);
  await page.addInitScript((key) => sessionStorage.setItem("graph-explorer-token", key), GRAPH_KEY);
  await page.goto(`${origin}/explorer?entity=service:busy&valid=${at(29)}`);
  const properties = page.locator("ex-overview .props > div");
  await properties.first().waitFor();
  const busy = (found.busy = {});
  busy.properties = await properties.evaluateAll((all) => all.map((one) => [one.querySelector("dt").textContent, one.querySelector("dd").textContent]));
  busy.maker = await page.locator("ex-overview .props .who time").first().getAttribute("datetime");
  busy.when = await page.locator("ex-when .told").innerText();
  await page.goto(`${origin}/explorer?entity=service:busy&tab=history`);
  await page.locator("ex-history li").first().waitFor();
  busy.newest = await page.locator("ex-history li ins").first().innerText();
  busy.listed = await page.locator("ex-history li").count();
  await page.getByRole("button", { name: "Show more" }).click();
  await page.waitForTimeout(300);
  busy.more = await page.locator("ex-history li").count();
  await shot(page, "long-history");
  await page.close();
}
await finish();
