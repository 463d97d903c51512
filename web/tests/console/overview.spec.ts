import { type Page, expect, look, register, signIn, test } from "../kit/index.ts";
import { failLogin, openAsAdmin } from "./kit.ts";

// A server of its own: what is counted is what everybody does.
test.use({ settings: { DURWARD_NODE__NAME: "counted" } });
// Figures are written at the end of each minute.
test.setTimeout(180_000);

const chart = (page: Page, name: string) => page.getByRole("region", { name, exact: true });

/** How many pixels of a chart's canvas are of this colour. */
function pixels(page: Page, name: string, className: string): Promise<number> {
  return chart(page, name).evaluate((card, wanted) => {
    const canvas = card.querySelector("canvas")!;
    const probe = document.createElement("span");
    probe.className = wanted;
    card.append(probe);
    const [red, green, blue] = getComputedStyle(probe).color.match(/\d+/g)!.map(Number);
    probe.remove();
    const { data } = canvas.getContext("2d")!.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let at = 0; at < data.length; at += 4)
      if (data[at] === red && data[at + 1] === green && data[at + 2] === blue && data[at + 3] === 255) count += 1;
    return count;
  }, className);
}

test("charts show what was counted, are read by the keyboard and as tables, and follow the theme", async ({ page, second, server }) => {
  const ann = await register(server, "counted");
  for (let count = 0; count < 3; count += 1) await failLogin(server, ann.email);
  await signIn(second, ann);
  await openAsAdmin(page, server, "overview");
  const figures = page.getByRole("list", { name: "Figures" });
  await expect(figures.getByRole("listitem").filter({ hasText: "Users" }).first()).toContainText("3");
  await expect(figures.getByRole("listitem").filter({ hasText: "Live sessions" })).toContainText("2");
  await expect(figures).toContainText("all closed");
  await expect(page.getByRole("row").filter({ hasText: "wrong address or password" })).toContainText("3");
  await expect(chart(page, "Breaker timeline")).toContainText("All breakers were closed all the time.");

  // It comes by itself, once the minute is over.
  const logins = chart(page, "Logins by result");
  const wrong = logins.getByRole("button", { name: /Password: wrong address or password/ });
  await expect(wrong).toBeVisible({ timeout: 110_000 });
  for (const name of [
    "Time per request",
    "Requests",
    "Time per token check",
    "Token checks",
    "Sockets",
    "Revocation lag",
    "Risk decisions",
    "Risk signals",
    "Password hash queue",
    "Nodes",
  ]) {
    await expect(chart(page, name).locator("canvas"), name).toBeVisible({ timeout: 40_000 });
  }
  await expect.poll(() => pixels(page, "Logins by result", "line-1")).toBeGreaterThan(0);

  const slider = logins.getByRole("slider");
  await slider.focus();
  await page.keyboard.press("Home");
  await expect(slider).toHaveAttribute("aria-valuenow", "0");
  await expect(wrong).toContainText("0");
  await page.keyboard.press("End");
  const last = Number(await slider.getAttribute("aria-valuemax"));
  await expect(slider).toHaveAttribute("aria-valuenow", String(last));
  await page.keyboard.press("ArrowLeft");
  await expect(slider).toHaveAttribute("aria-valuenow", String(last - 1));
  // Somewhere in the last minutes are the three.
  await page.keyboard.press("End");
  let spoken = "";
  for (let back = 0; back < 5 && !/wrong address or password 3/.test(spoken); back += 1) {
    spoken = (await slider.getAttribute("aria-valuetext")) ?? "";
    await page.keyboard.press("ArrowLeft");
  }
  expect(spoken).toContain("Password: wrong address or password 3");

  await logins.getByText("As a table").click();
  await expect(logins.getByRole("row").filter({ hasText: "3" }).first()).toBeVisible();
  await chart(page, "Time per request").getByText("As a table").click();
  await expect(chart(page, "Time per request").getByRole("row").nth(1)).toContainText(/ms|µs/);

  await wrong.click();
  await expect(wrong).toHaveAttribute("aria-pressed", "false");
  await wrong.click();
  // What was measured once is a point; and the colours of the page are those of the chart, also where little may move.
  await expect.poll(() => pixels(page, "Time per request", "line-3")).toBeGreaterThan(0);
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.getByLabel("Appearance").selectOption("dark");
  await expect.poll(() => pixels(page, "Logins by result", "line-1")).toBeGreaterThan(0);
  await expect.poll(() => pixels(page, "Logins by result", "line-grid")).toBeGreaterThan(0);
  await page.getByLabel("Appearance").selectOption("auto");
  await look(page, "console-overview");

  for (const [range, label] of [
    ["24h", "Last 24 hours"],
    ["7d", "Last 7 days"],
    ["30d", "Last 30 days"],
  ] as const) {
    await page.getByLabel("Time", { exact: true }).selectOption({ label });
    await expect(page).toHaveURL(`/console/overview?range=${range}`);
    await expect(wrong).toBeVisible();
  }
});

test("it asks again by itself, and not while it is paused", async ({ page, server }) => {
  await openAsAdmin(page, server, "overview");
  const users = page.getByRole("list", { name: "Figures" }).getByRole("listitem").first();
  const figure = async () => Number(await users.locator("b").textContent());
  const before = await figure();
  await register(server, "one-more");
  await expect.poll(figure, { timeout: 15_000 }).toBe(before + 1);
  await page.getByRole("button", { name: "Pause" }).click();
  const asked = page
    .waitForRequest((request) => request.url().endsWith("/admin/overview"), { timeout: 13_000 })
    .catch(() => "nothing was asked");
  expect(await asked).toBe("nothing was asked");
  await register(server, "and-one");
  await page.getByRole("button", { name: "Go on" }).click();
  await expect.poll(figure, { timeout: 5_000 }).toBe(before + 2);
});
