import { expect, look, register, test } from "../kit/index.ts";
import { WRONG, expectNobody, expectSignedIn, form, withPassword, withTotp } from "./kit.ts";

const CODE = "Code from your authenticator app";

test("a code is sent as soon as six digits are typed", async ({ page, server }) => {
  const ann = await register(server);
  const { app } = await withTotp(page, ann);
  await withPassword(page, ann);
  await expect(page.getByRole("heading", { name: "One more step" })).toBeVisible();
  const code = page.getByLabel(CODE);
  await expect(code).toBeFocused();
  await expect(code).toHaveAttribute("inputmode", "numeric");
  await expect(code).toHaveAttribute("autocomplete", "one-time-code");
  await expectNobody(page);
  await look(page, "second-totp");
  await page.keyboard.type(await app.code(0));
  await expectSignedIn(page, ann.email);
});

test("a code is pasted with spaces in it", async ({ page, server, context }) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const ann = await register(server);
  const { app } = await withTotp(page, ann);
  await withPassword(page, ann);
  await expect(page.getByLabel(CODE)).toBeFocused();
  const digits = await app.code(0);
  await page.evaluate((text) => navigator.clipboard.writeText(text), ` ${digits.slice(0, 3)} ${digits.slice(3)} `);
  await page.keyboard.press("Control+V");
  await expectSignedIn(page, ann.email);
});

test("a wrong code is said at its field, and the right one is taken after it", async ({ page, server }) => {
  const ann = await register(server);
  const { app } = await withTotp(page, ann);
  await withPassword(page, ann);
  const code = page.getByLabel(CODE);
  await code.fill(WRONG);
  await expect(code).toHaveAccessibleDescription(/This code is not right\./);
  await expect(code).toBeFocused();
  await expect(code).toHaveValue("");
  await look(page, "second-wrong");
  await page.keyboard.press("Enter");
  await expect(code).toHaveAccessibleDescription(/This has to be filled in\./);
  await code.fill(await app.code(0));
  await expectSignedIn(page, ann.email);
});

test("five wrong codes lead back to the password, with words", async ({ page, server }) => {
  const ann = await register(server);
  const { app } = await withTotp(page, ann);
  await withPassword(page, ann);
  for (let time = 1; time <= 5; time += 1) {
    await page.getByLabel(CODE).fill(WRONG);
    if (time < 5) await expect(page.getByLabel(CODE)).toHaveValue("");
  }
  await expect(page.locator(".notice")).toHaveText("There were too many wrong answers. Please sign in again.");
  await expect(form(page).email).toHaveValue(ann.email);
  await look(page, "second-too-many");
  await form(page).submit.click();
  await page.getByLabel(CODE).fill(await app.code(0));
  await expectSignedIn(page, ann.email);
});

test("when the time is over, that is said, and the password begins anew", async ({ page, server }) => {
  const ann = await register(server);
  await withTotp(page, ann);
  await page.clock.install();
  await withPassword(page, ann);
  await expect(page.getByLabel(CODE)).toBeVisible();
  await page.clock.fastForward("04:50");
  await expect(page.getByLabel(CODE)).toBeVisible();
  await page.clock.fastForward("00:15");
  await expect(page.locator(".notice")).toContainText("The time for the second step is over.");
  await expect(form(page).password).toBeFocused();
});

test("a challenge that the server does not know any more leads back to the password", async ({ page, server }) => {
  const ann = await register(server);
  await withTotp(page, ann);
  await withPassword(page, ann);
  await expect(page.getByLabel(CODE)).toBeVisible();
  // A challenge belongs to the device that showed the password.
  await page.context().clearCookies({ name: "device_id" });
  await page.getByLabel(CODE).fill(WRONG);
  await expect(page.locator(".notice")).toContainText("This took too long, or there were too many wrong codes.");
  await expect(form(page).submit).toBeVisible();
});

test("a backup code, after changing the way, by keyboard alone", async ({ page, server }) => {
  const ann = await register(server);
  const { backupCodes } = await withTotp(page, ann);
  await page.goto("/login");
  await expect(form(page).email).toBeFocused();
  await page.keyboard.type(ann.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type(ann.password);
  await page.keyboard.press("Enter");
  await expect(page.getByLabel(CODE)).toBeFocused();
  // The box, the button, the other way.
  for (const name of ["Do not ask again on this device for a while", "Continue", "Backup code"]) {
    await page.keyboard.press("Tab");
    await expect(page.locator(":focus")).toHaveAccessibleName(name);
  }
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Backup code")).toBeFocused();
  await look(page, "second-backup-code");
  await page.keyboard.type(backupCodes[0]!.toLowerCase());
  await page.keyboard.press("Enter");
  await expectSignedIn(page, ann.email);
});

test("a trusted device is not asked again", async ({ page, server }) => {
  const ann = await register(server);
  const { app } = await withTotp(page, ann);
  await withPassword(page, ann);
  await page.getByLabel("Do not ask again on this device for a while").check();
  await page.getByLabel(CODE).fill(await app.code(0));
  await expectSignedIn(page, ann.email);
  await page.goto("/login");
  await page.getByRole("button", { name: "Sign out" }).click();
  await form(page).email.fill(ann.email);
  await form(page).password.fill(ann.password);
  await form(page).submit.click();
  await expectSignedIn(page, ann.email);
});

test("a device that is not trusted is asked each time, and one can begin anew", async ({ page, server }) => {
  const ann = await register(server);
  const { app } = await withTotp(page, ann);
  await withPassword(page, ann);
  await page.getByLabel(CODE).fill(await app.code(0));
  await expectSignedIn(page, ann.email);
  await page.goto("/login");
  await page.getByRole("button", { name: "Sign out" }).click();
  await form(page).email.fill(ann.email);
  await form(page).password.fill(ann.password);
  await form(page).submit.click();
  await expect(page.getByLabel(CODE)).toBeFocused();
  await page.getByRole("button", { name: "Start again" }).click();
  await expect(form(page).password).toBeFocused();
  await expect(form(page).email).toHaveValue(ann.email);
  await expect(page.locator(".notice")).toHaveCount(0);
});
