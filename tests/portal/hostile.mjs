// <knowledge-graph> where something is wrong, slow, large or meant badly. Started by tests/live/test_portal_hostile.py.
import { BEARER, finish, found, heard, inside, open, ready, set, shot, statuses, tell, text, violations, wait } from "./driving.mjs";

const at = (day) => `2026-01-${String(day).padStart(2, "0")}T00:00:00Z`;
const element = (page, go, given) => page.evaluate(`(${go})(document.querySelector("knowledge-graph"), ${JSON.stringify(given ?? null)})`);
const notices = (page) => inside(page, (root) => [...root.querySelectorAll(".notice")].map((one) => one.textContent.trim()));
/** Until something is so within the element. Not by `waitForFunction`: it evaluates texts within the page, which the policy forbids. */
async function until(page, go, given) {
  for (const end = Date.now() + 20_000; Date.now() < end; await wait(page, 50)) if (await inside(page, go, given)) return;
  throw new Error(`never so: ${go}`);
}
const posts = (page) => {
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && asked.push(/(?:query|mutation|subscription) (\w+)/.exec(request.postData())?.[1] ?? ""));
  return asked;
};

// --- 5,000 neighbours -----------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:crowd", "valid-at": at(10) });
  await ready(page);
  const folded = () => inside(page, (root) => [...root.querySelectorAll(".fold .name")].map((one) => one.textContent));
  const drawn = () => inside(page, (root) => root.querySelectorAll('[role="option"]:not(.fold)').length);
  await until(page, (root) => / of /.test(root.querySelector(".notice")?.textContent ?? ""));
  found.crowd = { notices: await notices(page), folded: await folded(), shown: await drawn() };
  await shot(page, "crowd");
  await violations(page, "crowd");
  await page.locator("knowledge-graph .fold").first().press("Enter");
  await page.waitForFunction(() => document.querySelector("knowledge-graph").shadowRoot.querySelectorAll('[role="option"]').length > 150);
  found.crowd.unfolded = [await folded(), await drawn()];
  found.crowd.step_ms = await element(page, async (one) => {
    const all = [];
    for (let day = 4; day < 24; day++) {
      const began = performance.now();
      one.validAt = `2026-01-${String(day).padStart(2, "0")}T00:00:00Z`;
      await one.updateComplete;
      one.shadowRoot.querySelector(".world").getBBox();
      all.push(performance.now() - began);
      await new Promise(requestAnimationFrame);
    }
    return Math.round(Math.max(...all));
  });
  await shot(page, "crowd-unfolded");
  await page.getByRole("button", { name: "Table" }).click();
  found.crowd.rows = await inside(page, (root) => root.querySelectorAll("[part=table]:first-child tbody tr").length);
  await set(page, { view: "graph", types: "OWNED_BY" });
  await ready(page);
  found.crowd.filtered = [await notices(page), Object.keys(await statuses(page))];
  await page.close();
}

// --- three steps ----------------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:frontend", "valid-at": at(10), depth: "3", direction: "out" });
  await ready(page);
  found.deep = { statuses: await statuses(page), columns: await inside(page, (root) => new Set([...root.querySelectorAll('[role="option"]')].map((one) => one.getAttribute("transform").split(" ")[0])).size) };
  await page.getByRole("combobox", { name: "Depth" }).selectOption("1");
  await page.waitForFunction(() => !document.querySelector("knowledge-graph").shadowRoot.querySelector('[data-key="service:bank"]'));
  await ready(page);
  found.deep.shallow = Object.keys(await statuses(page)).sort();
  await shot(page, "deep");
  await page.close();
}

// --- several on one page --------------------------------------------------------------------------------------------------------------------------
{
  const page = await open([{ entity: "service:checkout", "valid-at": at(10) }, { entity: "service:checkout", "valid-at": at(21), "compare-to": at(10) }, { entity: "service:nobody" }, { entity: "service:payment", "valid-at": "never" }]);
  await Promise.all([ready(page, 0), ready(page, 1)]);
  const state = async (which) => JSON.stringify([await statuses(page, which), await page.evaluate((which) => document.querySelectorAll("knowledge-graph")[which].validAt, which), await inside(page, (root) => root.querySelector(".world")?.getAttribute("transform"), null, which)]);
  const others = await Promise.all([state(1), state(2), state(3)]);
  const first = page.locator("knowledge-graph").nth(0);
  await first.getByRole("slider").focus();
  for (const key of ["PageDown", "ArrowLeft", "]", "n"]) await page.keyboard.press(key);
  await first.locator('[role=option][data-key="service:cart"]').click();
  await first.getByRole("button", { name: "Zoom in" }).click();
  await wait(page, 700);
  found.several = {
    alike: JSON.stringify(await Promise.all([state(1), state(2), state(3)])) === JSON.stringify(others),
    moved: (await state(0)) !== others[0],
    heard: await page.evaluate(() => globalThis.heard.length),
    lone: await page.locator("knowledge-graph").nth(2).locator("[part=empty] strong").innerText(),
    bad: await page.locator("knowledge-graph").nth(3).locator("[part=error] strong").innerText(),
    ids: await page.evaluate(() => document.querySelectorAll("[id]").length),
  };
  await page.locator("knowledge-graph").nth(0).evaluate((one) => one.remove());
  await page.locator("knowledge-graph").nth(0).getByRole("slider").press("ArrowLeft");
  await wait(page, 500);
  found.several.after = (await statuses(page, 0))["service:checkout"];
  await violations(page, "several");
  await page.screenshot({ path: `${process.env.SHOTS}/several.png`, fullPage: true });
  await page.close();
}

// --- slow, and out of order -----------------------------------------------------------------------------------------------------------------------
{
  const page = await open({}, {});
  // A proxy of the host that knows nothing of signals: what is late comes late, whoever waits for it.
  await element(page, (one) => {
    one.fetcher = async (url, { signal, ...init }) => {
      const { variables } = JSON.parse(init.body);
      const slow = variables.key === "service:cart" ? 3_200 : 0;
      if (slow) await new Promise((done) => setTimeout(done, slow));
      return fetch(url, init);
    };
  });
  await set(page, { entity: "service:cart", "valid-at": at(10) });
  await until(page, (root) => root.querySelector(".busy")?.textContent === "Loading…");
  found.slow = { loading: await text(page, ".busy"), skeleton: await inside(page, (root) => root.querySelectorAll(".skeleton").length) };
  await shot(page, "loading");
  await violations(page, "loading");
  await until(page, (root) => /Still waiting/.test(root.querySelector(".busy")?.textContent ?? ""));
  found.slow.still = await text(page, ".busy");
  await set(page, { entity: "service:checkout" });
  await until(page, (root) => root.querySelector('[role=option][data-key="service:payment"]'));
  await ready(page);
  const before = JSON.stringify(await statuses(page));
  await wait(page, 3_600);
  found.slow.overwritten = JSON.stringify(await statuses(page)) !== before;
  found.slow.errors = await heard(page, "kg-error");
  // Of one entity, too: the answer for an instant that was left does not come over the one that is looked at.
  await element(page, (one) => {
    one.fetcher = async (url, { signal, ...init }) => {
      const { variables } = JSON.parse(init.body);
      if (variables.at?.valid === "2026-01-12T03:00:00Z") await new Promise((done) => setTimeout(done, 1_500));
      return fetch(url, init);
    };
  });
  await ready(page);
  await set(page, { "valid-at": "2026-01-12T03:00:00Z" });
  await wait(page, 500);
  await set(page, { "valid-at": "2025-12-01T00:00:00Z" });
  await until(page, (root) => root.querySelector("[part=empty]"));
  await wait(page, 2_000);
  found.slow.state = await text(page, "[part=empty] strong");
  await page.close();
}

// --- down, and there again ------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": at(10) });
  await ready(page);
  await page.route("**/graphql", (route) => route.abort());
  await set(page, { "valid-at": "2026-01-10T05:00:00Z" });
  await page.locator("knowledge-graph .notice.bad").waitFor();
  found.down = { kept: (await statuses(page))["service:checkout"], said: await text(page, ".notice.bad span") };
  await set(page, { entity: "service:cart" });
  await page.locator("knowledge-graph [part=error]").waitFor();
  found.down.instead = await text(page, "[part=error] strong");
  await violations(page, "down");
  await page.unroute("**/graphql");
  await page.locator("knowledge-graph [part=error] button").press("Enter");
  await until(page, (root) => root.querySelector('[role=option][data-key="service:cart"]'));
  await ready(page);
  found.down.again = [(await statuses(page))["service:cart"], await notices(page)];
  await page.close();
  // What is followed live is cut off: it says so, and goes on by itself with what landed meanwhile.
  const live = await open({ entity: "service:checkout" });
  await element(live, (one) => {
    globalThis.cut = null;
    one.fetcher = async (url, init) => {
      if (!JSON.parse(init.body).query.startsWith("subscription")) return fetch(url, init);
      if (globalThis.down) throw new TypeError("down");
      const aborting = new AbortController();
      globalThis.cut = () => aborting.abort(new TypeError("cut"));
      return fetch(url, { ...init, signal: AbortSignal.any([init.signal, aborting.signal]) });
    };
    one.live = true;
  });
  await ready(live);
  await live.waitForFunction(() => globalThis.cut);
  await live.waitForTimeout(300);
  await live.evaluate(() => {
    globalThis.down = true;
    globalThis.cut();
  });
  await until(live, (root) => /interrupted/.test(root.querySelector(".notice")?.textContent ?? ""));
  found.down.live = await notices(live);
  await tell("landed");
  await live.evaluate(() => (globalThis.down = false));
  await until(live, (root) => root.querySelector('[role=option][data-key="service:brand-new"]') && !/interrupted/.test(root.querySelector(".notices").textContent));
  found.down.landed = (await statuses(live))["service:brand-new"];
  await live.close();
}

// --- a token that ends ----------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": at(10) });
  const good = new Set([BEARER.authorization]);
  const used = [];
  await page.route("**/graphql", async (route) => {
    const token = route.request().headers()["authorization"];
    used.push(token);
    if (good.has(token)) await route.continue({ headers: { ...route.request().headers(), ...BEARER } });
    else await route.fulfill({ status: 401, contentType: "application/json", body: '{"errors":[{"message":"expired","extensions":{"code":"UNAUTHENTICATED"}}]}' });
  });
  // As docs/embedding.md tells hosts to do: hear `expired`, get another token, set it.
  await page.evaluate(() => {
    document.addEventListener("kg-error", ({ target, detail }) => {
      if (detail.kind === "expired") globalThis.wanted = () => (target.headers = { authorization: "Bearer second" });
    });
  });
  await ready(page);
  await page.locator('knowledge-graph [role=option][data-key="service:cart"]').press("Enter");
  good.clear();
  await set(page, { "valid-at": "2026-01-21T05:00:00Z" });
  await page.locator("knowledge-graph .notice.bad").waitFor();
  await wait(page, 600);
  found.token = { said: await text(page, ".notice.bad span"), events: (await heard(page, "kg-error")).map((one) => one.kind), kept: (await statuses(page))["service:checkout"] };
  await violations(page, "token");
  good.add("Bearer second");
  await page.evaluate(() => globalThis.wanted());
  await until(page, (root) => !root.querySelector(".notice.bad"));
  await ready(page);
  found.token.after = { said: await notices(page), status: (await statuses(page))["service:checkout"], details: await text(page, "aside h2"), token: used.at(-1), events: (await heard(page, "kg-error")).length };
  await page.close();
}

// --- names, texts -----------------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:odd", "valid-at": at(10), selected: "service:odd" });
  await ready(page);
  await page.locator("knowledge-graph aside dd").first().waitFor();
  const markup = () => inside(page, (root) => root.querySelectorAll("img, b, script, marquee").length);
  found.names = { details: await inside(page, (root) => Object.fromEntries([...root.querySelectorAll("aside dl")].flatMap((list) => [...list.querySelectorAll("dt")].map((one) => [one.textContent, one.nextElementSibling.textContent])))) };
  found.names.markup = [await markup()];
  found.names.fit = await inside(page, (root) => [...root.querySelectorAll(".node .name")].every((one) => one.getComputedTextLength() <= 146));
  found.names.titles = await inside(page, (root) => [...root.querySelectorAll(".node > title")].map((one) => one.textContent.length).sort((a, b) => b - a)[0]);
  await shot(page, "names");
  await violations(page, "names");
  await page.getByRole("button", { name: "Table" }).click();
  found.names.markup.push(await markup());
  found.names.wide = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  await violations(page, "names in tables");
  await set(page, { view: "graph", entity: "service:" + "long ".repeat(60), selected: null });
  await ready(page);
  found.names.long = (await text(page, ".title h2")).length;
  found.names.wide ||= await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
  await shot(page, "long");
  await page.close();
}

// --- times that make no sense, and entities that are not there then -------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": at(10) });
  found.clocks = {};
  const clean = { entity: "service:checkout", "valid-at": at(10), "known-at": null, "compare-to": null, "as-known-then": null };
  for (const [name, attributes, where] of [
    ["no date", { "valid-at": "the day before" }, "[part=error] strong"],
    ["no date known", { "known-at": "2026-02-31" }, "[part=error] strong"],
    ["no date compared", { "compare-to": "13" }, "[part=error] strong"],
    ["before the graph began", { "known-at": "1970-01-01T00:00:00.5Z" }, "[part=empty] strong"],
    ["compared with itself", { "compare-to": at(10) }, ".notice span"],
    ["compared with later", { "compare-to": "2026-01-25T00:00:00Z" }, ".notice span"],
    ["not there then", { "valid-at": "2025-06-01T00:00:00Z" }, "[part=empty] strong"],
    ["not there when compared", { "compare-to": "2025-12-01T00:00:00Z" }, ".notice span"],
    ["far future", { "valid-at": "2199-01-01T00:00:00Z" }, ".notice span"],
    ["long ago", { "valid-at": "0001-01-01T00:00:00Z" }, "[part=empty] strong"],
  ]) {
    await set(page, { ...clean, ...attributes });
    await wait(page, 150);
    if (!/error/.test(where)) await until(page, (root, where) => root.querySelector(where) && !/Loading/.test(root.querySelector("[part=empty] p")?.textContent ?? ""), where);
    found.clocks[name] = await text(page, where);
    await violations(page, name);
  }
  await shot(page, "long-ago");
  await set(page, { ...clean, "known-at": "1970-01-01T00:00:00.5Z" });
  await until(page, (root) => /nothing was known/.test(root.querySelector("[part=empty]")?.textContent ?? ""));
  await page.locator("knowledge-graph [part=empty]").getByRole("button", { name: "Use all that is known" }).click();
  await until(page, (root) => root.querySelector('[role=option][data-key="service:checkout"]'));
  found.clocks.freed = await element(page, (one) => one.knownAt);
  await page.close();
}

// --- how much is asked ------------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": at(10) });
  await ready(page);
  await wait(page, 400);
  const asked = posts(page);
  const thumb = page.locator("knowledge-graph [role=slider]");
  await thumb.focus();
  for (let press = 0; press < 12; press++) await page.keyboard.press(press % 2 ? "ArrowLeft" : "PageUp");
  found.asked = { moving: [...asked] };
  await wait(page, 700);
  found.asked.rest = asked.splice(0);
  // From change to change, twice: what was answered is not asked again.
  const round = async () => {
    await set(page, { "valid-at": "2026-01-01T12:00:00Z" });
    await wait(page, 600);
    asked.splice(0);
    for (let press = 0; press < 4; press++) {
      await page.locator("knowledge-graph").getByRole("button", { name: "Next change" }).click();
      await wait(page, 500);
    }
    return asked.splice(0);
  };
  found.asked.changes = await round();
  found.asked.again = await round();
  await page.close();
}

// --- what is selected, which way, which kinds: from outside and told outside ---------------------------------------------------------------------------
{
  const tie = JSON.stringify(["service:checkout", "CALLS", "service:payment", ""]);
  const page = await open({ entity: "service:checkout", "valid-at": at(10), selected: tie });
  await ready(page);
  found.chosen = { relationship: await text(page, "aside h2"), lit: await inside(page, (root) => root.querySelectorAll(".node.lit").length) };
  await page.locator('knowledge-graph [role=option][data-key="service:cart"]').press("Enter");
  found.chosen.told = [(await heard(page, "kg-select")).at(-1), await element(page, (one) => one.selected)];
  await page.keyboard.press("Escape");
  found.chosen.none = [(await heard(page, "kg-select")).at(-1).id, await element(page, (one) => one.selected)];
  await set(page, { selected: "service:elsewhere" });
  await wait(page, 100);
  found.chosen.astray = await notices(page);
  await violations(page, "selected elsewhere");
  await page.locator("knowledge-graph").getByRole("button", { name: "Select nothing" }).click();
  // What is folded is unfolded for it.
  await set(page, { entity: "service:crowd", selected: "service:one-0100" });
  await ready(page);
  await page.locator("knowledge-graph aside h2").waitFor();
  found.chosen.folded = [await text(page, "aside h2"), await inside(page, (root) => root.querySelectorAll('.node.selected[data-key="service:one-0100"]').length)];
  await set(page, { entity: "service:checkout", selected: null });
  await ready(page);
  await page.locator("knowledge-graph [part=legend]").getByRole("button", { name: "Team" }).click();
  found.chosen.hidden = [(await heard(page, "kg-view-change")).at(-1), Object.keys(await statuses(page)).includes("team:shop")];
  await set(page, { hide: null, view: "impact" });
  await page.locator("knowledge-graph [part=impact] tbody tr").first().waitFor();
  const rows = () => inside(page, (root) => [...root.querySelectorAll("[part=impact] tbody tr")].map((row) => `${row.cells[0].textContent.trim()} ${row.cells[1].textContent.trim()}`));
  found.chosen.dependents = await rows();
  await page.getByRole("combobox", { name: "Which way" }).selectOption("dependencies");
  await page.waitForFunction(() => /It depends on/.test(document.querySelector("knowledge-graph").shadowRoot.querySelector("[part=impact]")?.textContent ?? ""));
  found.chosen.dependencies = [await rows(), (await heard(page, "kg-view-change")).at(-1).impact];
  await violations(page, "dependencies");
  await page.close();
}
await finish();
