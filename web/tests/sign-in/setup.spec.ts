import { readFile } from "node:fs/promises";

import { PASSWORD, expect, look, register, test } from "../kit/index.ts";
import { App, expectNobody, expectSignedIn, withPassword } from "./kit.ts";

test.use({ settings: { DURWARD_SECOND_FACTOR__POLICY: "required" } });

const CODE = "Code from your authenticator app";

test("who needs a second factor and has none sets it up in the course of the sign-in", async ({ page, server, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const ann = await register(server);
  await withPassword(page, ann);
  await expect(page.getByRole("heading", { name: "Set up a second factor" })).toBeVisible();
  await expect(page.getByLabel(CODE)).toBeFocused();
  const picture = page.getByRole("img", { name: "QR code to scan with an authenticator app" });
  await expect(picture).toBeVisible();
  expect(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0);
  await expect(page.getByRole("link", { name: "Open in an app on this device" })).toHaveAttribute("href", /^otpauth:\/\/totp\//);
  await look(page, "setup");
  await page.getByRole("button", { name: "Copy" }).click();
  const secret = await page.evaluate(() => navigator.clipboard.readText());
  await expect(page.locator(".card code")).toHaveText(secret.replace(/(.{4})(?=.)/g, "$1 "));
  await page.getByLabel(CODE).fill("000000");
  await expect(page.getByLabel(CODE)).toHaveAccessibleDescription(/This code is not right\./);
  await expectNobody(page);
  const app = new App(secret);
  await page.getByLabel(CODE).fill(await app.code(0));

  await expect(page.getByRole("heading", { name: "Keep your backup codes" })).toBeFocused();
  const codes = await page.locator(".codes code").allTextContents();
  expect(codes).toHaveLength(10);
  await look(page, "setup-codes");

  await page.getByRole("button", { name: "Copy" }).click();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  const download = await coming;
  expect(download.suggestedFilename()).toBe("backup-codes.txt");
  const file = await readFile(await download.path(), "utf8");
  for (const code of codes) {
    expect(copied).toContain(code);
    expect(file).toContain(code);
  }
  expect(file).toContain(ann.email);

  await page.evaluate(() => (window.print = () => document.documentElement.setAttribute("data-printed", "")));
  await page.getByRole("button", { name: "Print" }).click();
  await expect(page.locator("html")).toHaveAttribute("data-printed", "");
  await page.emulateMedia({ media: "print" });
  await expect(page.getByText(`Backup codes for ${ann.email}`)).toBeVisible();
  await expect(page.locator(".codes code").first()).toBeVisible();
  await expect(page.getByRole("button")).toHaveCount(0);
  await page.emulateMedia({ media: "screen" });

  await page.getByRole("button", { name: "Continue" }).click();
  await expect(page.getByRole("alert")).toContainText("Please copy, print or download the codes first");
  await page.getByLabel("I have put them in a safe place").check();
  await page.getByRole("button", { name: "Continue" }).click();
  await expectSignedIn(page, ann.email);

  // One of them gets in.
  await context.clearCookies();
  await withPassword(page, ann);
  await page.getByRole("button", { name: "Backup code" }).click();
  await page.getByLabel("Backup code").fill(codes[3]!);
  await page.getByRole("button", { name: "Continue" }).click();
  await expectSignedIn(page, ann.email);
});

test("who has just registered sets it up as well", async ({ page }) => {
  const email = `new-${Date.now()}@example.com`;
  await page.goto("/register");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create an account" }).click();
  await expect(page.getByRole("heading", { name: "Set up a second factor" })).toBeVisible();
  const secret = (await page.locator(".card code").textContent())!.replace(/ /g, "");
  await page.getByLabel(CODE).fill(await new App(secret).code(0));
  await page.getByLabel("I have put them in a safe place").check();
  await page.getByRole("button", { name: "Continue" }).click();
  await expectSignedIn(page, email);
});
