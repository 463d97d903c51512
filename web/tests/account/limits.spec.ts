import { PASSWORD, expect, register, test } from "../kit/index.ts";
import { open } from "./kit.ts";

test.use({ settings: { DURWARD_LIMITS__ACCOUNT_FAILURES: "2", DURWARD_LIMITS__FIRST_DELAY: "4s" } });

test("after too many wrong passwords the seconds count down, and what was typed stays", async ({ page, server }) => {
  await open(page, await register(server), "password");
  const change = page.getByRole("button", { name: "Change the password" });
  await page.getByLabel("Current password").fill("wrong");
  await page.getByLabel("New password").fill("wandering clouds above Turku");
  const said = page.getByRole("alert");
  await expect(async () => {
    await change.click();
    await expect(said).toContainText("Please wait", { timeout: 1_000 });
  }).toPass();
  const seconds = async () => Number(/(\d+) s/.exec((await said.textContent()) ?? "")?.[1] ?? 0);
  const before = await seconds();
  await expect.poll(seconds).toBeLessThan(before);
  await expect(said).toHaveText("You can try again now.");
  await page.getByLabel("Current password").fill(PASSWORD);
  await change.click();
  await expect(page.getByText("Your password is changed").first()).toBeVisible();
});
