import { expect, look, test } from "../kit/index.ts";

test.use({ settings: { DURWARD_REGISTRATION__OPEN: "false" } });

test("a closed registration says so, and is not offered", async ({ page }) => {
  await page.goto("/register");
  await expect(page.locator("p").getByText("Nobody can open an account here at the moment.")).toBeVisible();
  await expect(page.getByLabel("Password", { exact: true })).toHaveCount(0);
  await look(page, "register-closed");
  await page.getByRole("link", { name: "Sign in" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
  await expect(page.getByRole("link", { name: "Create an account" })).toHaveCount(0);
});
