import { readFileSync } from "node:fs";

import { PASSWORD, call, expect, look, register, signIn, test } from "../kit/index.ts";
import { App, WRONG } from "../sign-in/kit.ts";
import { card, get, open, setUpTotp, visit } from "./kit.ts";

test("an authenticator app is set up; the backup codes can be kept; new ones can be made", async ({ page, context, server }) => {
  test.slow();
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const ann = await register(server);
  await open(page, ann, "security");
  const app = card(page, "Authenticator app");
  await expect(page.getByText("Your password alone is enough to sign in.")).toBeVisible();
  await app.getByRole("button", { name: "Set it up" }).click();
  await expect(app.getByRole("heading", { name: "Add this account to your app" })).toBeFocused();
  const qr = app.getByRole("img", { name: "QR code to scan with an authenticator app" });
  await expect.poll(() => qr.evaluate((one: HTMLImageElement) => one.naturalWidth)).toBeGreaterThan(20);
  await app.getByRole("button", { name: "Copy" }).click();
  const secret = await page.evaluate(() => navigator.clipboard.readText());
  expect(secret).toMatch(/^[A-Z2-7]{16,}$/);
  await expect(app.locator("code")).toHaveText(secret.replace(/(.{4})(?=.)/g, "$1 "));
  await look(page, "account-totp-setup");

  const code = app.getByLabel("Code that the app shows");
  await app.getByRole("button", { name: "Turn on" }).click();
  await expect(code).toHaveAccessibleDescription(/This has to be filled in\./);
  await code.fill(WRONG);
  await app.getByRole("button", { name: "Turn on" }).click();
  await expect(code).toHaveAccessibleDescription(/This code is not right\./);
  await expect(code).toBeFocused();
  const otp = new App(secret);
  const right = await otp.code(-1);
  await code.fill(`${right.slice(0, 3)} ${right.slice(3)}`);
  await app.getByRole("button", { name: "Turn on" }).click();

  await expect(page.getByRole("heading", { name: "Keep these backup codes" })).toBeFocused();
  const codes = await page.getByRole("listitem").allTextContents();
  expect(codes).toHaveLength(10);
  await look(page, "account-backup-codes");
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  const file = await downloading;
  expect(file.suggestedFilename()).toBe("backup-codes.txt");
  const text = readFileSync(await file.path(), "utf8");
  expect(text).toContain(ann.email);
  for (const one of codes) expect(text).toContain(one);
  await page.getByRole("button", { name: "Copy" }).click();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(text);
  await page.evaluate(() => Object.assign(window, { print: () => Object.assign(window, { printed: true }) }));
  await page.getByRole("button", { name: "Print" }).click();
  expect(await page.evaluate(() => "printed" in window)).toBe(true);
  await page.emulateMedia({ media: "print" });
  await expect(page.getByText(`Backup codes for ${ann.email} at durward`)).toBeVisible();
  await expect(page.getByRole("button", { name: "Print" })).toBeHidden();
  await expect(page.getByRole("navigation", { name: "Parts of your account" })).toBeHidden();
  await page.emulateMedia({ media: "screen" });

  await page.getByRole("button", { name: "I have kept them" }).click();
  await expect(page.getByText("A sign-in with your password needs a second factor.")).toBeVisible();
  await expect(card(page, "Backup codes").getByText("10 backup codes left")).toBeVisible();
  await look(page, "account-security-on");

  await card(page, "Backup codes").getByRole("button", { name: "Make new codes" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Make new codes" }).click();
  await expect(page.getByRole("heading", { name: "Keep these backup codes" })).toBeFocused();
  const others = await page.getByRole("listitem").allTextContents();
  expect(others).toHaveLength(10);
  expect(others.filter((one) => codes.includes(one))).toEqual([]);

  const login = (await (await page.request.post("/api/v1/auth/login", { data: ann })).json()) as { status: string };
  expect(login.status).toBe("second_factor_required");
});

test("leaving the set-up changes nothing", async ({ page, server }) => {
  await open(page, await register(server), "security");
  const app = card(page, "Authenticator app");
  await app.getByRole("button", { name: "Set it up" }).click();
  await app.getByRole("button", { name: "Cancel" }).click();
  await expect(app.getByRole("button", { name: "Set it up" })).toBeVisible();
  expect(await get(page, "/api/v1/2fa")).toMatchObject({ enabled: false });
});

test("it is turned off with a code, or with the password", async ({ page, server }) => {
  await open(page, await register(server), "security");
  const otp = await setUpTotp(page);
  await visit(page, "security");
  const app = card(page, "Authenticator app");
  await app.getByRole("button", { name: "Turn off" }).click();
  const dialog = page.getByRole("dialog", { name: "Turn off" });
  await expect(dialog.getByText("This is your last second factor")).toBeVisible();
  await dialog.getByLabel("Code from your authenticator app").fill(WRONG);
  await dialog.getByRole("button", { name: "Turn off" }).click();
  await expect(dialog.getByLabel("Code from your authenticator app")).toHaveAccessibleDescription("This code is not right.");
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await expect(app.getByRole("button", { name: "Turn off" })).toBeFocused();
  expect(await get(page, "/api/v1/2fa")).toMatchObject({ enabled: true });

  await app.getByRole("button", { name: "Turn off" }).click();
  await dialog.getByLabel("Code from your authenticator app").fill(await otp.code(0));
  await dialog.getByRole("button", { name: "Turn off" }).click();
  await expect(dialog).toHaveCount(0);
  await expect(app.getByRole("button", { name: "Set it up" })).toBeVisible();
  expect(await get(page, "/api/v1/2fa")).toMatchObject({ enabled: false });

  await setUpTotp(page);
  await visit(page, "security");
  await app.getByRole("button", { name: "Turn off" }).click();
  await dialog.getByLabel("Show that it is you with").selectOption({ label: "Password" });
  await dialog.getByLabel("Password", { exact: true }).fill("wrong");
  await dialog.getByRole("button", { name: "Turn off" }).click();
  await expect(dialog.getByLabel("Password", { exact: true })).toHaveAccessibleDescription("This is not your password.");
  await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await dialog.getByRole("button", { name: "Turn off" }).click();
  await expect(dialog).toHaveCount(0);
  expect(await get(page, "/api/v1/2fa")).toMatchObject({ enabled: false });
});

test("the trust in a device is ended", async ({ page, second, server }) => {
  const ann = await register(server);
  await open(page, ann, "security");
  const otp = await setUpTotp(page);
  const login = (await (await second.request.post("/api/v1/auth/login", { data: ann })).json()) as { challenge_token: string };
  const answer = await second.request.post("/api/v1/auth/2fa/verify", {
    data: { challenge_token: login.challenge_token, method: "totp", code: await otp.code(0), trust_device: true },
  });
  expect(answer.status(), await answer.text()).toBe(200);
  await call(second, "post", "/api/v1/auth/logout");
  await signIn(second, ann);

  await visit(page, "security");
  const trusted = card(page, "Trusted devices");
  await expect(trusted.getByRole("row")).toHaveCount(2);
  await trusted.getByRole("button", { name: /^End trust in / }).click();
  await expect(trusted.getByText("There are none")).toBeVisible();
  await call(second, "post", "/api/v1/auth/logout");
  const again = await second.request.post("/api/v1/auth/login", { data: ann });
  expect(await again.json()).toMatchObject({ status: "second_factor_required" });
});
