import { type Page, expect, register, test } from "../kit/index.ts";
import { WRONG, expectNobody, expectSignedIn, withTotp } from "./kit.ts";

test.use({ javaScriptEnabled: false });

async function send(page: Page, email: string, password: string) {
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

test("a password signs in", async ({ page, server }) => {
  const ann = await register(server);
  await page.goto("/login?return_to=/account/sessions");
  await page.screenshot({ path: "test-results/pictures/login-no-script.png" });
  await send(page, ann.email, ann.password);
  await expectSignedIn(page, ann.email, "/account/sessions");
});

test("a wrong password is said, and the address stays", async ({ page, server }) => {
  const ann = await register(server);
  await page.goto("/login");
  await send(page, ann.email, "wrong");
  await expect(page.getByRole("alert")).toHaveText("The e-mail address or the password is wrong.");
  await expect(page.getByLabel("E-mail address")).toHaveValue(ann.email);
  await expect(page.getByLabel("Password")).toHaveValue("");
  await page.screenshot({ path: "test-results/pictures/login-no-script-wrong.png" });
  await expectNobody(page);
  await send(page, ann.email, ann.password);
  await expectSignedIn(page, ann.email);
});

test("a code of an authenticator app is the second step", async ({ page, server }) => {
  const ann = await register(server);
  const { app } = await withTotp(page, ann);
  await page.goto("/login?return_to=/account/sessions");
  await send(page, ann.email, ann.password);
  await expect(page.getByRole("heading", { name: "One more step" })).toBeVisible();
  await page.screenshot({ path: "test-results/pictures/second-no-script.png" });
  await expectNobody(page);
  await page.getByLabel("Code from your authenticator app").check();
  await page.getByLabel("Code", { exact: true }).fill(WRONG);
  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("alert")).toHaveText("This code is not right.");
  await page.getByLabel("Code from your authenticator app").check();
  await page.getByLabel("Code", { exact: true }).fill(await app.code(0));
  await page.getByRole("button", { name: "Continue" }).click();
  await expectSignedIn(page, ann.email, "/account/sessions");
});

test("a backup code is the second step", async ({ page, server }) => {
  const ann = await register(server);
  const { backupCodes } = await withTotp(page, ann);
  await page.goto("/login");
  await send(page, ann.email, ann.password);
  await page.getByLabel("Backup code").check();
  await page.getByLabel("Code", { exact: true }).fill(backupCodes[0]!);
  await page.getByRole("button", { name: "Continue" }).click();
  await expectSignedIn(page, ann.email);
});

test("the other pages say that they need JavaScript", async ({ page }) => {
  for (const path of ["/register", "/forgot-password", "/reset-password", "/verify-email", "/confirm-email"]) {
    await page.goto(path);
    await expect(page.getByRole("paragraph")).toContainText("This page needs JavaScript.");
  }
});
