import { PASSWORD, expect, look, test } from "../kit/index.ts";
import { withPassword } from "./kit.ts";

test.use({ settings: { DURWARD_REGISTRATION__APPROVE: "true" } });

test("an account that waits for an operator says so", async ({ page }) => {
  const email = `waits-${Date.now()}@example.com`;
  await page.goto("/register");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create an account" }).click();
  await expect(page.locator("p").getByText("An administrator has to approve of it")).toBeVisible();
  await look(page, "register-approval");
  await withPassword(page, { email, password: PASSWORD });
  await expect(page.getByRole("alert")).toContainText("This account has to be confirmed first");
});
