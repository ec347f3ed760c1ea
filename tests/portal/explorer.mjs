// The explorer in a real Chromium, as it is served: its own policy, a real API with keys that executes nothing but kept operations, the demo story.
// Started by tests/live/test_explorer.py: prints what it found as one line of JSON, asks for events by `tell`, and waits for an answer.
import { readFileSync } from "node:fs";
import { browser, finish, found, shot, tell, violations, watch } from "./driving.mjs";

const { BASE, READER, OPERATOR } = process.env;
const origin = new URL(BASE).origin;
found.overflow = [];

async function visit(query, { key = READER, kept = true, width = 1280, scheme = "light", dir = "", forced = "none" } = {}) {
  const context = await browser.newContext({ viewport: { width, height: width > 600 ? 800 : 844 }, colorScheme: scheme, forcedColors: forced, reducedMotion: "reduce", acceptDownloads: true });
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  await watch(page, (url) => url.origin === origin && (url.pathname === "/graphql" || url.pathname === "/explorer" || url.pathname.startsWith("/explorer/")));
  await page.addInitScript(
    ({ key, kept, dir }) => {
      if (kept) sessionStorage.setItem("graph-explorer-token", key);
      if (dir) document.addEventListener("DOMContentLoaded", () => (document.documentElement.dir = dir));
    },
    { key, kept, dir },
  );
  await page.goto(`${BASE}${query}`);
  return page;
}

const check = async (page, name) => {
  await shot(page, name);
  await violations(page, name);
  if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) found.overflow.push(name);
};
const search = (page) => new URL(page.url()).search;
const heading = (page) => page.locator("main h1").first().innerText();
const card = (page, title) => page.locator("section.card", { has: page.getByRole("heading", { name: title, exact: true }) });
const statuses = (page) =>
  page.locator("knowledge-graph").evaluate((element) =>
    Object.fromEntries([...element.shadowRoot.querySelectorAll('[role="option"]')].map((one) => [one.dataset.key, [...one.classList].find((name) => ["present", "added", "removed", "changed", "ended", "undeclared"].includes(name)) ?? "fold"])),
  );
const drawn = (page) =>
  page.waitForFunction(() => {
    const inside = (root, name) => [...root.querySelectorAll("*")].reduce((hit, one) => hit ?? (one.localName === name ? one : one.shadowRoot && inside(one.shadowRoot, name)), undefined);
    const root = inside(document, "knowledge-graph")?.shadowRoot;
    const axis = root?.querySelector(".axis");
    return axis && !axis.textContent.includes("Reading") && !root.querySelector(".busy") && root.querySelector("[role=option]");
  });
const focused = (page) =>
  page.evaluate(() => {
    let at = document.activeElement;
    while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
    return `${at?.localName ?? ""} ${at?.getAttribute("role") ?? ""} ${(at?.getAttribute("aria-label") ?? at?.textContent ?? "").trim().slice(0, 40)}`;
  });

/** What operators do on the page of health. */
async function operated(page, letters) {
  const did = {};
  const outcome = page.locator("ex-letters .outcome");
  const dialog = page.getByRole("dialog");
  const said = async (before = "") => {
    await page.waitForFunction((before) => {
      const all = (root) => [...root.querySelectorAll("*")].flatMap((one) => [one, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
      const found = all(document).find((one) => one.classList.contains("outcome"));
      return found && found.textContent !== before;
    }, before);
    return outcome.innerText();
  };
  const rows = letters.locator("tbody tr");
  const button = (name) => letters.getByRole("button", { name, exact: true });
  did.reasons = (await letters.locator(".reasons li").evaluateAll((all) => all.map((one) => one.querySelector(".grow").textContent.trim().replaceAll(/\s+/g, " "))));
  const total = await rows.count();
  // Nothing is done without the second step.
  await button("Replay all waiting: mapping-failed").focus();
  await page.keyboard.press("Enter");
  await dialog.waitFor();
  await check(page, "replay-confirm");
  await page.keyboard.press("Escape");
  did.cancelled = [await outcome.count(), await rows.count()];
  await button("Replay all waiting: mapping-failed").press("Enter");
  await dialog.getByRole("button", { name: "Replay" }).press("Enter");
  did.replayed = await said();
  await letters.locator("td .chip", { hasText: "replayed" }).first().waitFor();
  await check(page, "replayed");
  const origin = await rows.filter({ hasText: "not-json" }).first().locator("td.mono").nth(1).innerText();
  await button(`Discard ${origin}`).click();
  await dialog.getByRole("button", { name: "Discard" }).click();
  did.no_note = await dialog.getByRole("alert").innerText();
  await check(page, "discard-confirm");
  await dialog.getByLabel("Why, for those who ask later").fill("A test of the <b>sender</b>.");
  await dialog.getByRole("button", { name: "Discard" }).click();
  did.discarded = await said(did.replayed);
  const other = await rows.filter({ hasText: "not-json" }).last().locator("td.mono").nth(1).innerText();
  await button(`Replay ${other}`).click();
  await dialog.getByRole("button", { name: "Replay" }).click();
  did.failed = await said(did.discarded);
  await page.waitForTimeout(500);
  did.states = (await letters.locator("td .chip").allInnerTexts()).reduce((all, one) => ({ ...all, [one]: (all[one] ?? 0) + 1 }), {});
  await check(page, "discarded");
  // A role that is not enough any more, and a service that is down: it is said, and nothing is lost.
  const answer = async (reply, before) => {
    await page.route("**/graphql", (route) => (route.request().postData().includes("replayDeadLetters") ? reply(route) : route.continue()));
    await button(`Replay ${other}`).click();
    await dialog.getByRole("button", { name: "Replay" }).click();
    const found = await said(before);
    await page.unroute("**/graphql");
    return found;
  };
  did.forbidden = await answer((route) => route.fulfill({ contentType: "application/json", body: '{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}]}' }), did.failed);
  did.down = await answer((route) => route.abort(), did.forbidden);
  if ((await rows.count()) !== total) throw new Error("letters are gone");
  await page.goto(`${BASE}?entity=team:late`);
  await page.locator(".props dd").first().waitFor();
  did.there = await heading(page);
  return did;
}

// --- signing in; the first page; search -----------------------------------------------------------------------------------------------------------
{
  const page = await visit("?entity=service:checkout&tab=history", { kept: false });
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  await check(page, "sign-in");
  await page.getByLabel("API key or token").fill("gsk_wrong");
  await page.keyboard.press("Enter");
  await page.getByText("Your access has ended").waitFor();
  await page.getByLabel("API key or token").fill(READER);
  await page.keyboard.press("Enter");
  await page.getByText("4.17.5").first().waitFor();
  found.signed_in = { search: search(page), kept: await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]) };
  await check(page, "history");
  await page.getByLabel("With what is no longer believed").check();
  found.corrections = search(page);
  await page.context().close();
}
{
  const page = await visit("");
  await page.locator("ex-home .lately li").first().waitFor();
  found.useful_ms = await page.evaluate(() => Math.round(performance.now()));
  found.first_paint_ms = await page.evaluate(() => Math.round(performance.getEntriesByName("first-contentful-paint")[0].startTime));
  await page.getByRole("link", { name: /Service/ }).waitFor();
  await check(page, "home");
  await page.keyboard.press("/");
  await page.keyboard.type("checko", { delay: 20 });
  await page.getByRole("option", { name: /Checkout/ }).first().waitFor();
  found.options = (await page.locator("ex-search [role=option] .key").allInnerTexts()).slice(0, 3);
  await page.keyboard.press("ArrowDown");
  found.active = await page.getByRole("combobox").first().getAttribute("aria-activedescendant");
  await check(page, "search");
  await page.keyboard.press("Enter");
  await drawn(page);
  found.opened = [await heading(page), search(page)];
  await page.goBack();
  found.back = await heading(page);
  await page.goForward();
  await drawn(page);
  found.forward = await heading(page);
  found.title = await page.title();
  // What is not found is said, and a whole key can be opened as it is.
  await page.getByRole("combobox").first().fill("zzz:nothing");
  await page.getByRole("option", { name: /Open the key/ }).waitFor();
  await page.keyboard.press("Escape");
  await page.context().close();
}

// --- the entity: scrubbed, shared, compared --------------------------------------------------------------------------------------------------------
{
  const page = await visit("?entity=service:checkout&valid=2026-03-01T00:00:00Z");
  await drawn(page);
  await page.locator(".props dd").first().waitFor();
  found.owner = await page.locator(".facts .entity a").first().innerText();
  found.properties = await page.locator(".props > div").evaluateAll((all) => Object.fromEntries(all.map((one) => [one.children[0].textContent, one.children[1].textContent.trim()])));
  found.who = await page.locator(".props > div", { hasText: "version" }).locator("a").innerText();
  await check(page, "entity");
  // By the clock of the page all of it happens within the second after it was opened: one movement, one way back, to where it was opened.
  await page.evaluate(() => { const { performance } = globalThis; performance.now = () => 900; });
  await page.getByRole("slider").focus();
  for (const key of ["PageDown", "PageDown", "ArrowRight"]) await page.keyboard.press(key);
  await page.waitForFunction(() => !location.search.includes("2026-03-01"));
  await page.waitForTimeout(600);
  const moved = search(page);
  found.scrubbed = moved;
  found.told = await page.locator("ex-when .told").innerText();
  found.announced = await page.locator("knowledge-graph [role=status][aria-live]").innerText();
  const other = await visit(moved);
  await drawn(other);
  await drawn(page);
  found.shared = [search(other) === moved, JSON.stringify(Object.entries(await statuses(other)).sort()) === JSON.stringify(Object.entries(await statuses(page)).sort())];
  await other.context().close();
  await page.goBack();
  await page.waitForFunction(() => location.search.includes("2026-03-01"));
  found.before = await page.locator("ex-when .told").innerText();
  await page.getByRole("link", { name: "Compare", exact: true }).click();
  await page.getByRole("button", { name: "90 days before" }).last().click();
  await drawn(page);
  const differences = card(page, "What differs");
  await differences.locator("tbody tr").first().waitFor();
  found.compared = { search: search(page), rows: await differences.locator("tbody tr").count(), kinds: [...new Set(Object.values(await statuses(page)))].sort(), owned: await differences.locator("tbody tr", { hasText: "Core Commerce" }).count() };
  await check(page, "compare");
  await page.context().close();
}

// --- impact and drift; why and why not; the cascade -------------------------------------------------------------------------------------------------
{
  const page = await visit("?entity=service:payment-gateway&tab=impact&valid=2026-10-31T00:00:00Z&compare=2025-06-15T12:00:00Z");
  await page.locator("knowledge-graph [part=impact] tbody tr").first().waitFor();
  found.impact = await page.locator("knowledge-graph [part=impact] strong").first().innerText();
  const drift = card(page, "How the impact changed");
  await drift.locator("tbody tr").first().waitFor();
  found.drift = await drift.locator("tbody tr").evaluateAll((all) => all.map((one) => `${one.cells[0].textContent.trim()} ${one.cells[1].textContent.trim()} ${one.cells[3].textContent.trim()}`));
  const [file] = await Promise.all([page.waitForEvent("download"), drift.getByRole("button", { name: "Save as CSV" }).click()]);
  found.csv = readFileSync(await file.path(), "utf8").split("\r\n").slice(0, 2);
  await page.waitForTimeout(300);
  await check(page, "impact");
  await page.goto(`${BASE}?entity=service:label-printer&tab=why&rel=STORES_IN&target=datastore:legacy-orders-db&valid=2026-05-30T12:00:00Z&known=2026-06-01T12:00:00Z`);
  await page.getByRole("heading", { name: "It is not there" }).waitFor();
  found.why_not = await page.locator(".answer p").innerText();
  await check(page, "why-not");
  await page.goto(`${BASE}?entity=service:label-printer&tab=relationships&valid=2026-05-30T12:00:00Z`);
  await page.getByRole("link", { name: /^Why: .*Orders of the old shop/ }).first().click();
  await page.getByRole("heading", { name: "It is there" }).waitFor();
  found.why = [search(page), await page.locator(".answer p").innerText()];
  await page.getByRole("link", { name: "example.larkspur.dependency.found.v1" }).first().click();
  await page.locator(".step.here").waitFor();
  await page.locator(".step", { hasText: "legacy-orders-db-off-for-good" }).waitFor();
  found.cascade = await page.locator(".tree").evaluate((tree) => {
    const depth = (one) => (one.parentElement.closest("li") ? 1 + depth(one.parentElement.closest("li")) : 0);
    return [...tree.querySelectorAll("li")].map((one) => depth(one));
  });
  found.flow_data = (await page.locator("pre").innerText()).includes("nightly job");
  await check(page, "cascade");
  await page.context().close();
}

// --- all of it is in the address --------------------------------------------------------------------------------------------------------------------
{
  const state = (found.state = {});
  const details = (page) => page.locator("knowledge-graph [part=details] h2").innerText();
  const again = async (page, look) => {
    const other = await visit(search(page));
    await drawn(other);
    const seen = [await look(page), await look(other)];
    await other.context().close();
    return seen;
  };
  const page = await visit("?entity=service:checkout&valid=2026-03-01T00:00:00Z");
  await drawn(page);
  await page.locator("knowledge-graph .node.present[data-key^='team:']").first().press("Enter");
  await page.waitForFunction(() => location.search.includes("selected="));
  await page.locator("knowledge-graph [part=details] dd").first().waitFor();
  state.entity = search(page);
  state.entity_details = await again(page, details);
  await page.waitForTimeout(1_600);
  await page.locator("knowledge-graph [part=details] li button").first().click();
  await page.waitForFunction(() => location.search.includes("%5B"));
  state.relationship = search(page);
  state.relationship_details = await again(page, details);
  await check(page, "selected-relationship");
  await page.goBack();
  await page.waitForFunction(() => !location.search.includes("%5B"));
  await page.waitForTimeout(200);
  state.back = await details(page);
  await page.locator("knowledge-graph [part=legend]").getByRole("button", { name: "Team" }).click();
  await page.waitForFunction(() => location.search.includes("hide="));
  state.hidden = search(page);
  state.hidden_teams = await again(page, (one) => one.locator("knowledge-graph [role=option][data-key^='team:']").count());
  await page.goto(`${BASE}?entity=service:api-gateway&depth=3&valid=2026-10-31T00:00:00Z`);
  await drawn(page);
  const cards = (one) => one.locator("knowledge-graph [role=option]").count();
  state.folded = await cards(page);
  await page.locator("knowledge-graph .fold").first().press("Enter");
  await page.waitForFunction(() => location.search.includes("unfolded="));
  state.unfolded = search(page);
  state.unfolded_cards = await again(page, cards);
  await page.goBack();
  await page.waitForFunction(() => !location.search.includes("unfolded="));
  await page.waitForTimeout(200);
  state.folded_again = await cards(page);
  await page.goto(`${BASE}?entity=service:checkout&tab=impact&valid=2026-10-31T00:00:00Z&compare=2025-06-15T12:00:00Z`);
  await page.locator("knowledge-graph [part=impact] tbody tr").first().waitFor();
  await page.getByRole("combobox", { name: "Which way" }).selectOption("dependencies");
  await page.getByText(/^It depends on (at least )?\d/).waitFor();
  await drawn(page);
  await page.locator("knowledge-graph [part=impact] tbody button").last().click();
  await page.waitForFunction(() => location.search.includes("selected="));
  state.impact = search(page);
  const settled = async (one) => {
    await one.getByText(/^It depends on (at least )?\d/).waitFor();
    await one.waitForTimeout(300);
  };
  state.impact_rows = await again(page, async (one) => (await settled(one), one.locator("knowledge-graph [part=impact] tbody tr").evaluateAll((rows) => rows.map((row) => row.cells[1].textContent))));
  state.impact_lit = await again(page, async (one) => (await settled(one), one.locator("knowledge-graph .node.lit").count()));
  await check(page, "impact-dependencies");
  await page.locator("ex-impact .card tbody .entity a").first().click();
  await page.waitForFunction(() => !location.search.includes("service:checkout"));
  state.elsewhere = search(page);
  await page.context().close();
}

// --- what lands; health for readers and operators; access that ends --------------------------------------------------------------------------------
{
  const page = await visit("?page=activity");
  await page.locator(".dot.on").waitFor();
  await page.getByLabel("Kinds").or(page.getByLabel("Kind", { exact: true })).selectOption("team");
  await page.waitForFunction(() => location.search.includes("kinds=team"));
  await page.locator(".dot.on").waitFor();
  await tell("live");
  await page.locator("tr.fresh").first().waitFor();
  found.landed = await page.locator("tr.fresh").first().innerText();
  await check(page, "activity");
  await page.getByRole("link", { name: "Health" }).click();
  await page.getByText("Only operators see dead letters.").waitFor();
  await page.getByText(/records? waits? to be looked at/).waitFor();
  found.reader = await page.locator(".empty p").innerText();
  found.reader_buttons = await page.getByRole("button", { name: /Replay|Discard/ }).count();
  await check(page, "health-reader");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog").waitFor();
  await page.getByLabel("API key or token").fill(OPERATOR);
  await page.keyboard.press("Enter");
  const letters = card(page, "Dead letters");
  await letters.locator("tbody tr").first().waitFor();
  found.letters = await letters.locator("tbody tr").count();
  await check(page, "health-operator");
  found.operated = await operated(page, letters);
  // Access ends: it is asked for again, and all stays where it is.
  await page.goto(`${BASE}?entity=service:checkout&tab=relationships`);
  await page.locator("tbody tr").first().waitFor();
  await page.route("**/graphql", (route) => route.fulfill({ status: 401, contentType: "application/json", body: '{"errors":[{"message":"expired","extensions":{"code":"UNAUTHENTICATED"}}]}' }));
  await page.getByRole("combobox", { name: "Type" }).selectOption("CALLS");
  await page.getByText("Your access has ended").waitFor();
  found.kept_while = [(await page.locator("tbody tr").count()) > 0, await page.locator(".note.bad").innerText()];
  await page.unroute("**/graphql");
  await page.getByLabel("API key or token").fill(READER);
  await page.keyboard.press("Enter");
  await page.locator("tbody tr", { hasNotText: "calls" }).first().waitFor({ state: "detached" });
  found.went_on = [search(page), (await page.locator("tbody tr").allInnerTexts()).every((row) => row.includes("calls"))];
  // The service goes down, and is there again.
  await page.route("**/graphql", (route) => route.abort());
  await page.getByRole("link", { name: "Events", exact: true }).click();
  await page.getByRole("alert").first().waitFor();
  found.down = await page.locator(".empty strong").first().innerText();
  await check(page, "down");
  await page.unroute("**/graphql");
  await page.getByRole("button", { name: "Try again" }).first().click();
  await page.locator("tbody tr").first().waitFor();
  await page.context().close();
}

// --- not there, and odd --------------------------------------------------------------------------------------------------------------------------
{
  const page = await visit("?entity=team:core-commerce");
  await page.getByRole("button", { name: /^Go to/ }).waitFor();
  found.not_then = await page.locator(".empty strong").innerText();
  await check(page, "not-then");
  await page.getByRole("button", { name: /^Go to/ }).click();
  await drawn(page);
  found.then = [await heading(page), search(page)];
  await page.goto(`${BASE}?entity=service:nobody`);
  await page.getByText("Nothing is known of").waitFor();
  found.unknown = await page.locator(".empty strong").innerText();
  await page.goto(`${BASE}?entity=service:checkout&valid=yesterday&tab=nonsense&depth=99&page=%00&zzz=1`);
  await drawn(page);
  found.nonsense = [await heading(page), await page.locator("ex-when [role=alert]").textContent()];
  await page.goto(`${BASE}?entity=service:checkout&known=1999-12-31T00:00:00Z`);
  await page.getByText("nothing was known of").waitFor();
  found.known_before = await page.locator(".empty strong").innerText();
  await check(page, "known-before");
  await page.getByRole("button", { name: "Use all that is known today" }).click();
  await drawn(page);
  found.freed = search(page);
  await page.goto(`${BASE}?entity=service:checkout&tab=compare&valid=2026-03-01T00:00:00Z&compare=2026-03-01T00:00:00Z`);
  await drawn(page);
  await page.getByText("Nothing differs between").waitFor();
  found.same = [await page.locator("knowledge-graph .notice span").first().innerText(), await card(page, "What differs").locator(".empty strong").innerText()];
  await check(page, "compared-with-itself");
  await page.goto(`${BASE}?entity=team:odd`);
  await page.getByText("alert(1)").first().waitFor();
  await drawn(page);
  found.markup = await page.evaluate(() => {
    const all = (root) => [...root.querySelectorAll("*")].flatMap((one) => [one.localName, ...(one.shadowRoot ? all(one.shadowRoot) : [])]);
    return all(document.body).filter((name) => name === "img" || name === "script" || name === "b");
  });
  await check(page, "odd");
  await page.goto(`${BASE}?entity=team:long`);
  await page.locator(".props dd").first().waitFor();
  found.long = (await heading(page)).length;
  await check(page, "long");
  await page.context().close();
  const rtl = await visit("?entity=team:rtl", { dir: "rtl", scheme: "dark", width: 390 });
  await rtl.locator(".props dd").first().waitFor();
  await drawn(rtl);
  found.rtl = await heading(rtl);
  await check(rtl, "rtl-dark-small");
  await rtl.context().close();
}

// --- the keyboard only, from the first page to the history of something ---------------------------------------------------------------------------
{
  const page = await visit("");
  await page.locator("ex-home .lately li").first().waitFor();
  const way = [];
  const tab = async (until, most = 40) => {
    for (let press = 0; press < most; press++) {
      await page.keyboard.press("Tab");
      const at = await focused(page);
      if (until.test(at)) {
        way.push(at);
        return;
      }
    }
    throw new Error(`the tab key does not reach ${until}: ${await focused(page)}`);
  };
  await tab(/Skip to content/);
  await tab(/combobox/);
  await page.keyboard.type("payment-gateway");
  await page.keyboard.press("Enter");
  await drawn(page);
  found.after_search = await focused(page);
  await tab(/^a .*History/);
  await page.keyboard.press("Enter");
  await page.locator("ex-history li").first().waitFor();
  await page.keyboard.press("Shift+Tab");
  await page.keyboard.press("Enter");
  await drawn(page);
  await tab(/option/);
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await page.locator("knowledge-graph [part=details]").waitFor();
  await page.keyboard.press("Escape");
  await tab(/slider/);
  await page.keyboard.press("PageDown");
  await page.waitForFunction(() => location.search.includes("valid="));
  await tab(/example\.larkspur/);
  await page.keyboard.press("Enter");
  await page.locator(".step.here").waitFor();
  found.way = way;
  await page.context().close();
}

// --- looks ----------------------------------------------------------------------------------------------------------------------------------------
for (const [name, query, options] of [
  ["entity-dark", "?entity=service:checkout", { scheme: "dark" }],
  ["entity-small", "?entity=service:checkout", { width: 390 }],
  ["activity-small-dark", "?page=activity", { width: 390, scheme: "dark" }],
  ["entity-forced", "?entity=service:checkout&tab=history", { forced: "active" }],
]) {
  const page = await visit(query, options);
  if (query.includes("activity")) await page.locator("tbody tr").first().waitFor();
  else if (query.includes("history")) await page.locator("ex-history li").first().waitFor();
  else await drawn(page);
  await check(page, name);
  await page.context().close();
}

await finish();
