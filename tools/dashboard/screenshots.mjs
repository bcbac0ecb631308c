// Opens each of the gateway's commands in the Aspire dashboard as a person would, and keeps a picture of its form.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const folder = process.argv[2];
const { DASHBOARD_URL: dashboard, DEMO_MERCHANT_ID: merchant } = process.env;
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const WAIT_MS = 20_000;
const REVIEW_MS = 120_000;
const PAUSE_MS = 500;
const NOBODY = "01990000-0000-7000-8000-000000000001";

async function call(base, key, method, path, body) {
  const response = await fetch(base + path, {
    method,
    headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
  return response.json();
}

const asMerchant = (...request) => call(process.env.GATEWAY_URL, process.env.DEMO_TEST_KEY, ...request);
const asOperator = (...request) => call(process.env.OPERATOR_URL, process.env.OPERATOR_TOKEN, ...request);

async function eventually(what, ready) {
  for (const until = Date.now() + REVIEW_MS; Date.now() < until; await new Promise((resolve) => setTimeout(resolve, PAUSE_MS))) {
    if (await ready()) return;
  }
  throw new Error(`Not within ${REVIEW_MS / 1000} s: ${what}`);
}

/** A payment whose sum ends in 14 stays in processing until an operator settles it. */
async function paymentInReview() {
  const amountMinor = 10_014;
  await asMerchant("POST", "/v1/test/deposits", { amount: 10 });
  await eventually("the deposit", async () => (await asMerchant("GET", "/v1/balance")).balanceMinor > 2 * amountMinor);
  const { qr } = await asMerchant("POST", "/v1/test/qr-codes", { kind: "dynamic", amountMinor });
  const { id } = await asMerchant("POST", "/v1/payments", { qr });
  await asMerchant("POST", `/v1/payments/${id}/confirm`);
  await eventually("a payment in review", async () =>
    (await asOperator("GET", "/operator/payments?status=review")).payments.some((payment) => payment.id === id));
  return id;
}

const inReview = await paymentInReview();
const { deadLetters } = await asOperator("GET", "/operator/dead-letters");
const letter = deadLetters.find(({ replayedAt }) => replayedAt === null)?.id; // A sound system has none.

// The command, its form, and whether it is sent or only shown.
const commands = [
  { title: "Register merchant", fill: ["ООО Снимок"], send: true },
  { title: "Reconcile", fill: [], send: true },
  { title: "Test deposit", fill: ["25"], send: true },
  { title: "Suspend merchant", fill: [merchant, "Picture"], send: true },
  { title: "Resume merchant", fill: [merchant, "Picture"], send: true },
  { title: "Adjust balance", fill: [merchant, "500", "Picture"], send: true },
  { title: "Payments in review", fill: [], send: true },
  { title: "Settle payment in review", fill: [inReview, "Picture"], send: true },
  { title: "Dead letters", fill: [], send: true },
  { title: "Replay dead letter", fill: [letter ?? NOBODY, "Picture"], send: letter !== undefined },
];

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1500, height: 950 }, locale: "en-US" });
page.setDefaultTimeout(WAIT_MS);
await page.goto(dashboard);
const row = page.locator("tr").filter({ has: page.locator(".resource-name-text", { hasText: /^gateway$/ }) }).first();
await row.waitFor();

// A form that somebody left open is shown to everyone who comes.
const forms = page.locator("fluent-dialog-body.interaction-input-dialog:visible");
await page.waitForTimeout(1_000);
for (let left = 0; left < 5 && (await forms.count()) > 0; left++) {
  await forms.last().locator("fluent-button").filter({ hasText: "Cancel" }).last().click();
  await page.waitForTimeout(500);
}
await page.screenshot({ path: join(folder, "resources.png") });

const item = (title) => page.locator("fluent-menu-item:visible").filter({ hasText: new RegExp(`^\\s*${title}\\s*$`) }).first();

async function choose(title) {
  await row.locator("[title='Actions']").first().click();
  const more = page.locator("fluent-menu-item:visible").filter({ hasText: "Commands" }).first();
  await more.waitFor();
  if (!(await item(title).isVisible())) await more.hover(); // Two are on the first level, the rest on the second.
  await item(title).click();
}

for (const { title, fill, send } of commands) {
  const name = title.toLowerCase().replaceAll(" ", "-");
  await choose(title);
  if (fill.length > 0) {
    const form = page.locator("fluent-dialog-body.interaction-input-dialog").last();
    await form.waitFor();
    for (const [index, value] of fill.entries()) await form.getByRole("textbox").nth(index).fill(value);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await form.locator("fluent-button").filter({ hasText: send ? title : "Cancel" }).last().click();
  }
  if (send) {
    const answer = page.locator("fluent-dialog-body:visible").filter({ hasText: /[{[]/ }).last();
    await answer.waitFor();
    await page.screenshot({ path: join(folder, `${name}-answer.png`) });
    await page.keyboard.press("Escape");
    await answer.waitFor({ state: "hidden" });
  }
  console.log(`${title}: ${send ? "sent, and answered" : "shown"}`);
}

await browser.close();
