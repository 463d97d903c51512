import { PASSWORD, authenticator, expect, look, register, test } from "../kit/index.ts";
import { WRONG } from "../sign-in/kit.ts";
import { SECRET, age, card, get, open, setUpTotp, visit } from "./kit.ts";

test.use({ settings: { DURWARD_TOKENS__SECRET: SECRET } });

test("after ten minutes the password is asked for, then it goes on by itself", async ({ page, server }) => {
  await open(page, await register(server), "security");
  await age(page, 9);
  const app = card(page, "Authenticator app");
  await app.getByRole("button", { name: "Set it up" }).click();
  await expect(app.getByLabel("Code that the app shows"), "nine minutes are recent enough").toBeVisible();
  await app.getByRole("button", { name: "Cancel" }).click();

  await age(page, 11);
  await app.getByRole("button", { name: "Set it up" }).click();
  const dialog = page.getByRole("dialog", { name: "Is it you?" });
  await expect(dialog.getByLabel("Password", { exact: true })).toBeFocused();
  await expect(dialog.getByRole("button", { name: "Use a passkey" })).toHaveCount(0);
  await expect(dialog.getByRole("button", { name: "Use a code instead" })).toHaveCount(0);
  await look(page, "account-step-up");
  await dialog.getByRole("button", { name: "Go on" }).click();
  await expect(dialog.getByLabel("Password", { exact: true })).toHaveAccessibleDescription("This has to be filled in.");
  await dialog.getByLabel("Password", { exact: true }).fill("wrong");
  await page.keyboard.press("Enter");
  await expect(dialog.getByLabel("Password", { exact: true })).toHaveAccessibleDescription("This is not your password.");
  await expect(dialog.getByLabel("Password", { exact: true })).toBeFocused();
  await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  await expect(dialog).toHaveCount(0);
  await expect(app.getByLabel("Code that the app shows")).toBeVisible();
});

test("cancelling leaves everything as it was", async ({ page, server }) => {
  await open(page, await register(server), "security");
  await age(page, 11);
  const setup = card(page, "Authenticator app").getByRole("button", { name: "Set it up" });
  for (const close of ["Escape", "Cancel"]) {
    await setup.click();
    const dialog = page.getByRole("dialog", { name: "Is it you?" });
    await expect(dialog).toBeVisible();
    if (close === "Escape") await page.keyboard.press("Escape");
    else await dialog.getByRole("button", { name: "Cancel" }).click();
    await expect(dialog).toHaveCount(0);
    await expect(setup).toBeFocused();
    await expect(setup).toHaveAttribute("aria-busy", "false");
    await expect(page.getByRole("alert")).toHaveCount(0);
  }
  await page.goto("/account/password");
  await page.getByLabel("Current password").fill(PASSWORD);
  await page.getByLabel("New password").fill("wandering clouds above Turku");
  await page.getByRole("button", { name: "Change the password" }).click();
  await page.getByRole("dialog", { name: "Is it you?" }).getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByLabel("New password")).toHaveValue("wandering clouds above Turku");
  await expect(page.getByText("Your password is changed")).toHaveCount(0);
});

test("a code is as good as the password", async ({ page, server }) => {
  await open(page, await register(server), "security");
  const otp = await setUpTotp(page);
  await visit(page, "security");
  await age(page, 11);
  await card(page, "Backup codes").getByRole("button", { name: "Make new codes" }).click();
  await page.getByRole("dialog", { name: "Make new codes" }).getByRole("button", { name: "Make new codes" }).click();
  const dialog = page.getByRole("dialog", { name: "Is it you?" });
  await dialog.getByRole("button", { name: "Use a code instead" }).click();
  const code = dialog.getByLabel("Code from your authenticator app");
  await expect(code).toBeFocused();
  await code.fill(WRONG);
  await page.keyboard.press("Enter");
  await expect(code).toHaveAccessibleDescription("This code is not right.");
  await code.fill(await otp.code(0));
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Keep these backup codes" })).toBeFocused();
});

test("so is a passkey", async ({ page, server }) => {
  await authenticator(page);
  await open(page, await register(server), "security");
  await card(page, "Passkeys").getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  const items = card(page, "Passkeys").getByRole("listitem");
  await expect(items).toHaveCount(1);
  await age(page, 11);
  await items.getByRole("button", { name: /^Remove / }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await page.getByRole("dialog", { name: "Is it you?" }).getByRole("button", { name: "Use a passkey" }).click();
  await expect(items).toHaveCount(0);
  await expect(page.getByRole("dialog")).toHaveCount(0);
  expect(await get(page, "/api/v1/2fa")).toMatchObject({ passkeys: 0 });
});

test("the export and more trust in a device ask as well", async ({ page, server }) => {
  await open(page, await register(server), "devices");
  await age(page, 11);
  const trust = page.getByLabel("Trust", { exact: true });
  const dialog = page.getByRole("dialog", { name: "Is it you?" });
  await trust.selectOption({ label: "Trusted" });
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(trust, "what was not taken is not shown").toHaveValue("new");
  await visit(page, "data");
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.keyboard.press("Enter");
  expect((await downloading).suggestedFilename()).toMatch(/\.json$/);
});
