// <knowledge-graph> in a real Chromium, on a page with a strict policy, against a real API. Started by tests/live/test_portal_element.py:
// prints one line of JSON a finding, asks for events by `tell`, and waits for an answer on standard input.
import { BEARER, costs, finish, found, heard, inside, open, rank, ready, set, shot, statuses, tell, text, violations, wait } from "./driving.mjs";

const places = (page) => inside(page, (root) => Object.fromEntries([...root.querySelectorAll("[data-key]")].map((one) => [one.dataset.key, one.getAttribute("transform")])));

// --- the picture, and moving through time ---------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": "2026-01-10T00:00:00Z" });
  await ready(page);
  found.at_first = await statuses(page);
  await shot(page, "graph");
  await violations(page, "graph");
  const before = await places(page);
  const thumb = page.locator("knowledge-graph [role=slider]");
  await thumb.focus();
  for (const key of ["ArrowLeft", "ArrowLeft", "PageDown", "ArrowRight", "Home", "PageUp", "PageUp"]) await page.keyboard.press(key);
  const box = await page.locator("knowledge-graph .axis").boundingBox();
  await page.mouse.move(box.x + box.width * 0.3, box.y + 30);
  await page.mouse.down();
  for (let step = 0; step <= 20; step++) await page.mouse.move(box.x + box.width * (0.3 + step * 0.03), box.y + 30);
  await page.mouse.up();
  await wait(page, 900);
  const after = await places(page);
  found.names = await page.locator("knowledge-graph").ariaSnapshot();
  found.moved = Object.keys(before).filter((key) => before[key] !== after[key]);
  found.moves = (await heard(page, "kg-time-change")).length;
  // From the change of January 20 on, by key.
  await set(page, { "valid-at": "2026-01-15T00:00:00Z" });
  await wait(page, 100);
  await page.locator("knowledge-graph [role=option][tabindex='0']").focus();
  await page.keyboard.press("]");
  await wait(page, 900);
  found.next = await page.evaluate(() => document.querySelector("knowledge-graph").validAt);
  found.changed_there = await statuses(page);
  found.event_there = (await text(page, ".event strong")) + " " + (await text(page, ".event small:nth-of-type(2)"));
  found.announced = await text(page, "[role=status][aria-live]");
  await shot(page, "change");
  await violations(page, "change");
  await page.locator("knowledge-graph .event button").click();
  await page.waitForFunction(() => /Caused by/.test(document.querySelector("knowledge-graph").shadowRoot.querySelector(".event").textContent));
  await page.keyboard.press("n");
  found.now = await page.evaluate(() => document.querySelector("knowledge-graph").validAt);
  await page.close();
}

// --- the keyboard only ----------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": "2026-01-10T00:00:00Z" });
  await ready(page);
  found.tab_stops = await inside(page, (root) => root.querySelectorAll('[role="listbox"] [tabindex="0"]').length);
  for (let press = 0; press < 12; press++) {
    await page.keyboard.press("Tab");
    if (await inside(page, (root) => root.activeElement?.getAttribute("role") === "option")) break;
  }
  const at = () => inside(page, (root) => root.activeElement?.dataset.key ?? null);
  const way = [await at()];
  for (const key of ["ArrowRight", "ArrowDown", "ArrowLeft", "ArrowLeft", "Home"]) {
    await page.keyboard.press(key);
    await wait(page, 60);
    way.push(await at());
  }
  found.way = way;
  await page.keyboard.press("ArrowLeft");
  await wait(page, 60);
  await page.keyboard.press("Enter");
  await wait(page, 100);
  found.selected = (await heard(page, "kg-select")).at(-1);
  found.details = await text(page, "aside h2");
  await page.waitForSelector("knowledge-graph aside .event strong");
  found.made_by = await text(page, "aside .event small:nth-of-type(2)");
  found.dimmed = await inside(page, (root) => [root.querySelectorAll(".node.lit").length, root.querySelectorAll(".edge.lit").length, root.querySelectorAll("svg.dim").length]);
  await shot(page, "selected");
  await violations(page, "selected");
  await page.keyboard.press("Escape");
  await page.keyboard.press("?");
  await wait(page, 60);
  await violations(page, "help");
  await page.close();
}

// --- comparing, tables, impact --------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", "valid-at": "2026-01-21T00:00:00Z", "compare-to": "2026-01-02T12:00:00Z" });
  await ready(page);
  found.compared = await statuses(page);
  await shot(page, "compare");
  await violations(page, "compare");
  await page.getByRole("button", { name: "Table" }).click();
  await wait(page, 100);
  found.tables = await inside(page, (root) => [...root.querySelectorAll("caption")].map((one) => one.textContent));
  await violations(page, "table");
  await set(page, { entity: "service:bank" });
  await set(page, { "compare-to": null });
  await page.getByRole("button", { name: "Impact" }).click();
  await page.waitForFunction(() => document.querySelector("knowledge-graph").shadowRoot.querySelector("[part=impact] tbody tr"));
  await ready(page);
  found.impact = await inside(page, (root) => [...root.querySelectorAll("[part=impact] tbody tr")].map((row) => [...row.children].map((cell) => cell.textContent.trim()).filter((_, index) => index < 4)));
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("button", { name: "Save as CSV" }).click()]);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  found.csv = Buffer.concat(chunks).toString("utf8").split("\r\n")[1];
  await shot(page, "impact");
  await violations(page, "impact");
  await page.close();
}

// --- what goes wrong ------------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout" }, { headers: { authorization: "Bearer wrong" } });
  await page.waitForSelector("knowledge-graph [part=error]");
  found.signed_out = await text(page, "[part=error] strong");
  await violations(page, "signed out");
  await shot(page, "signed-out");
  await page.evaluate((headers) => (document.querySelector("knowledge-graph").headers = headers), BEARER);
  await ready(page);
  found.signed_in = (await statuses(page))["service:checkout"];
  // The token ends while somebody looks: what is there stays, and says so.
  await page.route("**/graphql", (route) => route.fulfill({ status: 401, body: "" }));
  await set(page, { "valid-at": "2026-01-11T00:00:00Z" });
  await page.waitForSelector("knowledge-graph .notice.bad");
  found.expired = [await text(page, ".notice.bad span"), (await statuses(page))["service:checkout"]];
  await shot(page, "expired");
  await violations(page, "expired");
  await page.unroute("**/graphql");
  await page.route("**/graphql", (route) => route.abort());
  await set(page, { entity: "service:cart" });
  await page.waitForSelector("knowledge-graph [part=error]");
  found.down = await text(page, "[part=error] strong");
  found.errors = (await heard(page, "kg-error")).map((one) => one.kind);
  await page.unroute("**/graphql");
  for (const [name, attributes] of Object.entries({
    bad_time: { entity: "service:cart", "valid-at": "yesterday" },
    before: { entity: "service:cart", "valid-at": "2025-06-01T00:00:00Z" },
    unknown: { entity: "service:nobody", "valid-at": "" },
    nothing_chosen: { entity: "", "valid-at": "" },
    known_first: { entity: "service:cart", "valid-at": "2026-01-10T00:00:00Z", "known-at": "2026-01-05T00:00:00Z" },
  })) {
    await set(page, attributes);
    const part = name === "known_first" ? ".notice" : ".state strong";
    await wait(page, 1500);
    found[name] = await text(page, part);
    await violations(page, name);
    await shot(page, name);
  }
  await page.close();
}

// --- live -----------------------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:checkout", live: "" });
  await ready(page);
  await page.waitForTimeout(500);
  await tell("live");
  await page.waitForFunction(() => document.querySelector("knowledge-graph").shadowRoot.querySelector('[role=option][data-key="service:brand-new"]'), null, { timeout: 20_000 });
  found.live = (await statuses(page))["service:brand-new"];
  await page.close();
}

// --- hostile names, right to left, forced colours, small ------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:odd" }, { dir: "rtl", scheme: "dark", width: 420 });
  await ready(page);
  found.odd = Object.keys(await statuses(page)).length;
  found.markup = await inside(page, (root) => root.querySelectorAll("img, b, script").length);
  await set(page, { theme: "dark" });
  await shot(page, "rtl-dark-small");
  await violations(page, "rtl dark small");
  await page.close();
  const forced = await open({ entity: "service:checkout", "valid-at": "2026-01-20T00:00:00Z" }, { forced: "active" });
  await ready(forced);
  await shot(forced, "forced-colours");
  await violations(forced, "forced colours");
  await forced.close();
}

// --- 200 drawn nodes ------------------------------------------------------------------------------------------------------------------------------
{
  const page = await open({ entity: "service:hub", "valid-at": "2026-01-10T00:00:00Z" });
  await ready(page);
  found.folded = await inside(page, (root) => [...root.querySelectorAll(".fold .name")].map((one) => one.textContent));
  await page.locator("knowledge-graph .fold").first().press("Enter");
  await page.waitForFunction(() => document.querySelector("knowledge-graph").shadowRoot.querySelectorAll("[role=option]").length > 150);
  found.drawn = await inside(page, (root) => root.querySelectorAll("[role=option]").length);
  found.notices = await inside(page, (root) => [...root.querySelectorAll(".notice")].map((one) => one.textContent.trim()));
  await shot(page, "hub");
  // While time moves the panel is quiet, and tells where it rests; a line among many tells when it is pointed at.
  const panel = () => inside(page, (root) => [root.querySelectorAll(".side").length, root.querySelectorAll(".side li").length]);
  found.panel = [];
  for (const day of [12, 18]) {
    await set(page, { "valid-at": `2026-01-${day}T00:00:00Z` });
    await page.evaluate(() => document.querySelector("knowledge-graph").updateComplete);
    found.panel.push(await panel());
    await page.waitForSelector("knowledge-graph .side li");
    found.panel.push(await panel());
  }
  const labels = await inside(page, (root) => root.querySelectorAll(".edge text").length);
  const pointed = await inside(page, (root) => {
    const line = root.querySelector(".edge.added");
    line.dispatchEvent(new PointerEvent("pointerover", { bubbles: true, composed: true }));
    return root.host.updateComplete.then(() => [...line.querySelectorAll("text")].map((one) => one.textContent.trim()));
  });
  found.pointed = [labels, pointed];
  const timing = await page.evaluate(async () => {
    const element = document.querySelector("knowledge-graph");
    const step = async (go) => {
      const began = performance.now();
      go();
      await element.updateComplete;
      element.getBoundingClientRect();
      element.shadowRoot.querySelector(".world")?.getBBox();
      return performance.now() - began;
    };
    const scrubs = [];
    for (let at = 0; at < 60; at++) {
      scrubs.push(await step(() => (element.validAt = `2026-01-${String(5 + ((at * 7) % 24)).padStart(2, "0")}T00:00:00Z`)));
      await new Promise(requestAnimationFrame);
    }
    const layouts = [];
    for (let at = 0; at < 8; at++) {
      // Another kind filter is another union: laid out and drawn anew.
      layouts.push(await step(() => (element.kinds = at % 2 ? "service,team" : "service,team,other")));
      await new Promise(requestAnimationFrame);
    }
    const firsts = [];
    for (let at = 0; at < 8; at++) {
      // And all of it from nothing.
      await step(() => (element.view = "table"));
      firsts.push(await step(() => (element.view = "graph")));
      await new Promise(requestAnimationFrame);
    }
    const rank = (all, share) => [...all].sort((a, b) => a - b)[Math.min(all.length - 1, Math.floor(all.length * share))];
    return { scrub_ms_p95: rank(scrubs, 0.95), scrub_ms_p50: rank(scrubs, 0.5), scrub_ms_max: rank(scrubs, 1), layout_ms: rank(layouts, 0.5), first_ms: rank(firsts, 0.5) };
  });
  // The same again by CPU time of the page's main thread, with the drawing of the frame.
  const cost = await costs(page);
  const change = (given) => Object.assign(document.querySelector("knowledge-graph"), given);
  const of = async (count, given) => {
    const all = [];
    for (let at = 0; at < count; at++) all.push(await cost(change, given(at)));
    return all;
  };
  const scrubs = await of(30, (at) => ({ validAt: `2026-01-${String(5 + ((at * 7) % 24)).padStart(2, "0")}T00:00:00Z` }));
  const layouts = await of(4, (at) => ({ kinds: at % 2 ? "service,team" : "service,team,other" }));
  const firsts = (await of(8, (at) => ({ view: at % 2 ? "graph" : "table" }))).filter((_, at) => at % 2);
  Object.assign(timing, { scrub_cpu_ms_p95: rank(scrubs, 0.95), scrub_cpu_ms_p50: rank(scrubs, 0.5), layout_cpu_ms: rank(layouts, 0.5), first_cpu_ms: rank(firsts, 0.5) });
  found.timing = Object.fromEntries(Object.entries(timing).map(([name, ms]) => [name, Math.round(ms * 10) / 10]));
  await violations(page, "hub");
  await page.close();
}

await finish();
