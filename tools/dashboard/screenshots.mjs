// Opens each of the gateway's commands in the Aspire dashboard as a person would, and keeps a picture of its form.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";

const folder = process.argv[2];
const { DASHBOARD_URL: dashboard, MERCHANT_ID: merchant } = process.env;
const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const WAIT_MS = 60_000;

// The command, its form, and whether it is sent or only shown.
const commands = [
  { title: "Register merchant", fill: ["ООО Снимок"], send: true },
  { title: "Reconcile", fill: [], send: true },
  { title: "Test deposit", fill: ["25"], send: true },
  { title: "Suspend merchant", fill: [merchant, "Picture"], send: true },
  { title: "Resume merchant", fill: [merchant, "Picture"], send: true },
  { title: "Adjust balance", fill: [merchant, "500", "Picture"], send: true },
  { title: "Payments in review", fill: [], send: true },
  { title: "Settle payment in review", fill: ["01990000-0000-7000-8000-000000000001", "Picture"], send: false },
  { title: "Dead letters", fill: [], send: true },
  { title: "Replay dead letter", fill: ["01990000-0000-7000-8000-000000000001", "Picture"], send: false },
];

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
const page = await browser.newPage({ viewport: { width: 1500, height: 950 }, locale: "en-US" });
page.setDefaultTimeout(WAIT_MS);
await page.goto(dashboard);
const row = page.locator("tr, fluent-data-grid-row, .fluent-data-grid-row").filter({ hasText: "gateway" }).filter({ hasText: "Running" }).first();
await row.waitFor();
await page.screenshot({ path: join(folder, "resources.png") });

for (const { title, fill, send } of commands) {
  const name = title.toLowerCase().replaceAll(" ", "-");
  await row.locator("[title='Actions'], [aria-label='Actions']").first().click();
  await page.getByRole("menuitem", { name: title, exact: true }).first().click();
  if (fill.length > 0) {
    const dialog = page.locator("fluent-dialog").last();
    await dialog.waitFor();
    const inputs = dialog.locator("fluent-text-field input, input[type=text]");
    for (const [index, value] of fill.entries()) await inputs.nth(index).fill(value);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await dialog.locator("fluent-button").filter({ hasText: send ? title : "Cancel" }).last().click();
  }
  if (send) {
    await page.waitForTimeout(1_500); // Its answer is shown when it comes.
    await page.screenshot({ path: join(folder, `${name}-answer.png`) });
    await page.keyboard.press("Escape");
  }
  console.log(`${title}: ${send ? "sent" : "shown"}`);
}

await browser.close();
