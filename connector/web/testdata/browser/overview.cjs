// What a person does with the Delivery Overview and the mapping tester, in headless Chromium. Started by the Go test beside, with one
// argument, a JSON object: where the page is, where the world behind it is steered, and where things are. Writes a line of JSON for each
// check.
"use strict";
const fs = require("node:fs"), path = require("node:path");
const given = JSON.parse(process.argv[2]); // {page, control, packages, chromium, screenshots, skip}
const packages = require("node:module").createRequire(path.join(given.packages, "package.json"));
const { chromium } = packages("playwright-core");
const axe = fs.readFileSync(packages.resolve("axe-core/axe.min.js"), "utf8");

const patience = 20_000; // ms; the machine may be busy
const desktop = { width: 1360, height: 900 }, phone = { width: 390, height: 844 };

const steer = async (what) => {
  const answer = await fetch(given.control + what, { method: "POST" });
  if (!answer.ok) throw new Error(`${what}: ${answer.status}`);
};
const same = (got, want, what) => { if (got !== want) throw new Error(`${what}: got ${JSON.stringify(got)}, want ${JSON.stringify(want)}`); };
const holds = (text, part, what) => { if (!text.includes(part)) throw new Error(`${what}: ${JSON.stringify(text)} does not hold ${JSON.stringify(part)}`); };
const number = async (locator) => Number((await locator.innerText()).replaceAll(",", ""));
const until = async (what, condition) => {
  const end = Date.now() + patience;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`${what}: not within ${patience / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
};

let browser;
// A page that notes whatever it asks for and complains of.
const open = async (options = {}, address = "") => {
  const context = await browser.newContext({ viewport: desktop, ...options });
  context.setDefaultTimeout(patience);
  const page = await context.newPage();
  page.wrong = [];
  page.on("request", (r) => { if (!r.url().startsWith(given.page) && !r.url().startsWith("data:")) page.wrong.push("asks for " + r.url()); });
  page.on("console", (m) => { if (["error", "warning"].includes(m.type())) page.wrong.push(m.text()); });
  page.on("pageerror", (e) => page.wrong.push(String(e)));
  await page.goto(given.page + address);
  return page;
};
const close = async (page) => {
  await page.context().close();
  same(page.wrong.join("; "), "", "what the page did beside");
};
const row = (page, name) => page.getByRole("table", { name: /What became of events/ }).getByRole("row").filter({ has: page.getByRole("rowheader", { name }) });
const cell = (page, name, label) => row(page, name).locator(`td[data-label="${label}"] b`);
const headline = (page) => page.getByRole("heading", { level: 1 });

// No serious or critical finding of axe; the others are told.
const accessible = async (page, what) => {
  await page.evaluate(axe);
  const found = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
  const text = (v) => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.map((n) => n.target.join(" ")).slice(0, 4).join(", ")}`;
  const grave = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  for (const v of found.violations.filter((v) => !grave.includes(v))) console.log(JSON.stringify({ note: `${what}: ${text(v)}` }));
  same(grave.map(text).join("; "), "", what + ": axe");
};
const fits = async (page, what) => {
  const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
  if (wide > room) throw new Error(`${what} is ${wide} wide on a screen of ${room}`);
  const cut = await page.evaluate(() => [...document.querySelectorAll(".wide")].filter((card) => card.scrollWidth > card.clientWidth).length);
  same(cut, 0, `${what}: tables that are cut off`);
};
// Pictures in every width and colour, each without findings.
const pictures = async (name, address, prepare = async () => {}) => {
  for (const colorScheme of ["light", "dark"]) {
    for (const [device, viewport] of Object.entries({ desktop, phone })) {
      const page = await open({ colorScheme, viewport, reducedMotion: "reduce" }, address);
      await prepare(page);
      await page.screenshot({ path: path.join(given.screenshots, `${name}-${device}-${colorScheme}.png`), fullPage: true });
      await fits(page, `${name}, ${device}`);
      await accessible(page, `${name}, ${device}, ${colorScheme}`);
      await close(page);
    }
  }
};

const order = '{"type":"track","event":"Order Completed","userId":"ada","properties":{"order_id":"A-1","total":99.5}}';
const view = '{"type":"page","name":"Pricing","userId":"ada"}';
let watched; // a page that stays open through failure and recovery

const checks = {
  "the page shows what is delivered, and goes on by itself": async () => {
    watched = await open();
    await headline(watched).filter({ hasText: "Everything is being delivered" }).waitFor();
    const before = await number(cell(watched, "Orders to ERP", "Delivered"));
    await until("more deliveries, without a reload", async () => (await number(cell(watched, "Orders to ERP", "Delivered"))) > before);
    same(await cell(watched, "Views", "Failed").innerText(), "0", "views failed");
    await watched.getByText("Live", { exact: true }).waitFor();
  },

  "a mapping that fails is seen to, with samples, and the others go on": async () => {
    await steer("/answer?path=/erp&status=503");
    await headline(watched).filter({ hasText: "1 of 3 mappings is failing" }).waitFor();
    same(await watched.locator("#said").textContent(), "1 of 3 mappings is failing", "what a screen reader is told");
    holds(await watched.title(), "failing", "the title of the tab");
    holds(await row(watched, "Orders to ERP").innerText(), "Failing", "the state of the mapping");
    holds(await row(watched, "Orders to ERP").innerText(), "since", "the state of the mapping");
    const before = await number(cell(watched, "Views", "Delivered"));
    await until("deliveries of another mapping", async () => (await number(cell(watched, "Views", "Delivered"))) > before);

    const reason = watched.locator("#failures + .card tbody").filter({ has: watched.getByRole("rowheader", { name: "503 Service Unavailable" }) });
    holds(await reason.innerText(), "tried again", "what happens to the events");
    await reason.locator("summary").focus();
    await watched.keyboard.press("Enter");
    const sample = reason.getByRole("listitem").first();
    holds(await sample.innerText(), "events / ", "where the event stands");
    holds(await sample.getByLabel("What was read").innerText(), '"Order Completed"', "what was read");
    holds(await sample.getByLabel("What was sent").innerText(), '{"order":', "what was sent");
    holds(await sample.getByLabel("What came back").innerText(), "out of order", "what came back");
    await watched.waitForTimeout(2500); // an update comes
    same(await reason.locator("details").evaluate((d) => d.open), true, "opened samples stay open");
    same(await watched.evaluate(() => document.activeElement.nodeName), "SUMMARY", "the focus stays");
  },

  "events that a webhook refuses are told apart, as given up": async () => {
    await steer("/answer?path=/crm&status=401");
    const refused = watched.locator("#failures + .card tbody").filter({ has: watched.getByRole("rowheader", { name: "Refused by the webhook, 401 Unauthorized" }) });
    await refused.waitFor();
    holds(await refused.innerText(), "given up", "what happens to the events");
    holds(await refused.innerText(), "Sign-ups", "whose events they are");
  },

  "it looks right at every width, in light and dark, and axe finds nothing serious": async () => {
    await pictures("overview", "", async (page) => { await page.locator(".failures details").first().evaluate((d) => { d.open = true; }); });
  },

  "a pause holds the page still": async () => {
    const page = await open();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    const still = await page.locator("#live").innerHTML();
    await page.waitForTimeout(3000);
    same(await page.locator("#live").innerHTML(), still, "the page while it is paused");
    await page.getByRole("button", { name: "Resume" }).click();
    await until("updates again", async () => (await page.locator("#live").innerHTML()) !== still);
    await close(page);
  },

  "everything is reached by keyboard": async () => {
    const page = await open();
    const reached = [];
    await page.keyboard.press("Tab");
    same(await page.evaluate(() => document.activeElement.textContent), "Skip to the content", "what comes first");
    for (let i = 0; i < 60; i++) {
      reached.push(await page.evaluate(() => document.activeElement.textContent.trim().replace(/\s+/g, " ")));
      await page.keyboard.press("Tab");
      if (await page.evaluate(() => document.activeElement === document.body)) break;
    }
    let at = -1;
    for (const stop of ["Skip to the content", "Delivery Overview", "Mapping tester", "Pause", "10 minutes", "1 hour", "24 hours", "sample", "Metrics"]) {
      const next = reached.findIndex((text, i) => i > at && text.includes(stop));
      if (next < 0) throw new Error(`${stop} is not reached after ${reached[at]}: ${reached.join(" | ")}`);
      at = next;
    }
    await close(page);
  },

  "recovery is seen": async () => {
    await steer("/answer?path=/erp&status=200");
    await row(watched, "Orders to ERP").filter({ hasText: "Delivering" }).waitFor();
    await until("nothing waits", async () => (await cell(watched, "Orders to ERP", "Waiting for retry").innerText()) === "0");
    holds(await headline(watched).innerText(), "some events were given up", "the headline: of the third mapping, for good");
    await close(watched);
  },

  "the tester says why a mapping does not fire, and what the others would send": async () => {
    const page = await open({}, "tester");
    await page.getByLabel("Event, as JSON").fill(view);
    await page.getByRole("button", { name: "Try it" }).click();
    const orders = page.getByRole("article").filter({ has: page.getByRole("heading", { name: /Orders to ERP/ }) });
    holds(await orders.innerText(), "Does not fire", "the verdict");
    holds(await orders.innerText(), 'Because type is "page", not "track"', "the reason");
    const views = page.getByRole("article").filter({ has: page.getByRole("heading", { name: /Views/ }) });
    holds(await views.innerText(), "POST", "the request");
    holds(await views.innerText(), "(signed with the shared secret)", "the signature");
    await views.getByText("As a curl command").click();
    holds(await views.getByLabel(/curl command for/).innerText(), "--data-binary", "the command");
    same(await page.getByLabel("Event, as JSON").inputValue(), view, "the event is still there");
    await close(page);
  },

  "the tester shows no secret": async () => {
    const page = await open({}, "tester");
    await page.getByLabel("Event, as JSON").fill(order);
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByRole("article").first().waitFor();
    const all = await page.content();
    for (const secret of ["the-key-of-erp", "the-shared-secret"]) if (all.includes(secret)) throw new Error(`the page holds ${secret}`);
    if (/[0-9a-f]{40}/.test(all)) throw new Error("the page holds a signature");
    holds(all, "(hidden)", "the masked header");
    await close(page);
  },

  "the tester says what is wrong with a text that is no event": async () => {
    const page = await open({}, "tester");
    await page.getByLabel("Event, as JSON").fill('{"type": "track"');
    await page.getByRole("button", { name: "Try it" }).click();
    holds(await page.getByRole("alert").innerText(), "no event", "the answer");
    await close(page);
  },

  "the tester looks right too": async () => {
    await pictures("tester", "tester", async (page) => {
      await page.getByLabel("Event, as JSON").fill(order);
      await page.getByRole("button", { name: "Try it" }).click();
      await page.getByRole("article").first().waitFor();
    });
  },

  "without script the page shows the same, and the tester works": async () => {
    const page = await open({ javaScriptEnabled: false });
    holds(await page.locator("#pulse").innerText(), "Reload for newer numbers", "in place of the updates");
    holds(await row(page, "Orders to ERP").innerText(), "Delivering", "the state of a mapping");
    await page.getByRole("navigation", { name: "Time span" }).getByRole("link", { name: "1 hour" }).click();
    holds(page.url(), "?span=1h", "where the link leads");
    same(await page.getByRole("navigation", { name: "Time span" }).locator("[aria-current]").innerText(), "1 hour", "the span that is shown");
    await page.getByText(/\d+ samples?/).first().click();
    await page.getByText("Topic / partition / offset").first().waitFor();
    await page.getByRole("link", { name: "Mapping tester" }).click();
    await page.getByLabel("Event, as JSON").fill(order);
    await page.getByRole("button", { name: "Try it" }).click();
    await page.getByText("Because type is").first().waitFor();
    await close(page);
  },
};

(async () => {
  fs.mkdirSync(given.screenshots, { recursive: true });
  browser = await chromium.launch({ executablePath: given.chromium, args: process.getuid() === 0 ? ["--no-sandbox"] : [] });
  for (const [name, check] of Object.entries(checks)) {
    if (given.skip && name.includes(given.skip)) continue;
    const began = Date.now();
    let error = "";
    try { await check(); } catch (e) { error = String(e.stack ?? e); }
    console.log(JSON.stringify({ name, error, ms: Date.now() - began }));
  }
  await browser.close();
})();
