import { PASSWORD, type Page, call, expect, look, register, signIn, test } from "../kit/index.ts";
import type { Mails } from "../kit/mails.ts";
import type { Server } from "../kit/server.ts";
import { expectNobody, expectSignedIn, form, withPassword } from "./kit.ts";

test.use({ withMail: true });

const NEW = "wandering clouds above Turku";
const confirm = (page: Page) => page.getByRole("button", { name: "Confirm" });

/** An account whose address is confirmed. */
async function verified(page: Page, server: Server, mails: Mails) {
  const ann = await register(server);
  const token = (await mails.link(ann.email, "verify-email")).split("#token=")[1];
  const answer = await page.request.post("/api/v1/email/verify", { data: { token } });
  expect(answer.status()).toBe(204);
  return ann;
}

/** The address bar shows nothing of a link's token. */
async function expectNoToken(page: Page): Promise<void> {
  await expect.poll(() => page.url()).not.toContain("token");
}

test("who registers is told to look into the mail, and gets another one when it does not come", async ({ page, mails }) => {
  const email = `mail-${Date.now()}@example.com`;
  await page.goto("/register");
  await page.getByLabel("E-mail address").fill(email);
  await page.getByLabel("Password", { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: "Create an account" }).click();
  await expect(page.getByRole("heading", { name: "Look into your mail" })).toBeFocused();
  await expect(page.getByText(`We have sent a mail to ${email}.`)).toBeVisible();
  await look(page, "register-mail");
  const first = await mails!.link(email, "verify-email");
  await page.getByRole("button", { name: "Send it again" }).click();
  await expect(page.getByText("It is on its way.")).toBeVisible();
  await expect.poll(() => mails!.link(email, "verify-email")).not.toBe(first);
});

test("before the address is confirmed the password opens nothing, and the mail can be had again", async ({ page, server, mails }) => {
  const ann = await register(server);
  const first = await mails!.link(ann.email, "verify-email");
  await withPassword(page, ann);
  await expect(page.getByRole("alert")).toContainText("This account has to be confirmed first");
  await look(page, "login-pending");
  await page.getByRole("button", { name: "Send it again" }).click();
  await expect(page.getByText("It is on its way.")).toBeVisible();
  await expect.poll(() => mails!.link(ann.email, "verify-email")).not.toBe(first);
  // The older link does not work any more.
  await page.goto(first);
  await expectNoToken(page);
  await confirm(page).click();
  await expect(page.getByRole("heading", { name: "This link does not work" })).toBeFocused();
  await look(page, "verify-invalid");
});

test("a mailed link confirms the address at the press of a button", async ({ page, server, mails }) => {
  const ann = await register(server);
  await page.goto(await mails!.link(ann.email, "verify-email"));
  await expectNoToken(page);
  // It survives that the page comes anew, and opening it uses nothing up.
  await page.getByLabel("Language").selectOption("de");
  await page.getByLabel("Sprache").selectOption("en");
  await expect(page.getByLabel("Language")).toBeVisible();
  await look(page, "verify");
  await confirm(page).click();
  await expect(page.getByRole("heading", { name: "Your address is confirmed" })).toBeFocused();
  await look(page, "verify-done");
  await page.getByRole("link", { name: "Sign in" }).click();
  await form(page).email.fill(ann.email);
  await form(page).password.fill(ann.password);
  await form(page).submit.click();
  await expectSignedIn(page, ann.email);
});

test("a link that does not work is replaced by another", async ({ page, server, mails }) => {
  const ann = await register(server);
  const first = await mails!.link(ann.email, "verify-email");
  await page.goto("/verify-email#token=nonsense");
  await confirm(page).click();
  await page.getByLabel("E-mail address").fill(ann.email);
  await page.getByRole("button", { name: "Send another link" }).click();
  await expect(page.getByRole("heading", { name: "Look into your mail" })).toBeFocused();
  await expect.poll(() => mails!.link(ann.email, "verify-email")).not.toBe(first);
  // The other link is opened in the very tab that shows the page already.
  const link = await mails!.link(ann.email, "verify-email");
  await page.evaluate((hash) => (location.hash = hash), link.split("#")[1]!);
  await confirm(page).click();
  await expect(page.getByRole("heading", { name: "Your address is confirmed" })).toBeVisible();
});

test("a forgotten password: the link is asked for by keyboard alone, and again", async ({ page, server, mails }) => {
  const ann = await verified(page, server, mails!);
  await page.goto("/login");
  await page.getByRole("link", { name: "Forgotten your password?" }).click();
  await expect(page.getByLabel("E-mail address")).toBeFocused();
  await look(page, "forgot");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("E-mail address")).toHaveAccessibleDescription("This has to be filled in.");
  await page.keyboard.type(ann.email);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Look into your mail" })).toBeFocused();
  await expect(page.getByText(`If there is an account for ${ann.email}`)).toBeVisible();
  await look(page, "forgot-mail");
  const first = await mails!.link(ann.email, "reset-password");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByText("It is on its way.")).toBeVisible();
  await expect.poll(() => mails!.link(ann.email, "reset-password")).not.toBe(first);
});

test("a mailed link sets a new password, once", async ({ page, server, mails }) => {
  const ann = await verified(page, server, mails!);
  await page.request.post("/api/v1/password/forgot", { data: { email: ann.email } });
  const link = await mails!.link(ann.email, "reset-password");
  await page.goto(link);
  await expectNoToken(page);
  const password = page.getByLabel("New password", { exact: true });
  await expect(password).toBeFocused();
  await page.keyboard.type("password1");
  await expect(page.getByRole("meter")).toHaveAttribute("aria-valuetext", /^too/);
  await page.keyboard.press("Enter");
  await expect(password).toHaveAccessibleDescription(/This password is too easy to guess\./);
  await look(page, "reset");
  await password.fill(NEW);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Your password is set" })).toBeFocused();
  await look(page, "reset-done");
  await expectNobody(page);

  await withPassword(page, ann);
  await expect(page.getByRole("alert")).toHaveText("The e-mail address or the password is wrong.");
  await form(page).password.fill(NEW);
  await form(page).submit.click();
  await expectSignedIn(page, ann.email);

  // Its page would ask who is there, and go where one signs in.
  await page.goto("about:blank");
  await page.context().clearCookies();
  await page.goto(link);
  await page.getByLabel("New password", { exact: true }).fill("yet another good one, this");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "This link does not work" })).toBeVisible();
  await page.getByRole("link", { name: "Send another link" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Forgotten password");
});

test("who comes to set a password without a link is sent to ask for one", async ({ page }) => {
  await page.goto("/reset-password");
  await expect(page.getByRole("heading", { name: "This link does not work" })).toBeFocused();
  await look(page, "reset-invalid");
  await expect(page.getByRole("link", { name: "Send another link" })).toHaveAttribute("href", "/forgot-password");
});

test("a change of address is confirmed at both, in either order", async ({ page, second, server, mails }) => {
  const ann = await verified(page, server, mails!);
  const moved = `moved-${ann.email}`;
  await signIn(page, ann);
  await call(page, "post", "/api/v1/email/change", { new_email: moved });
  // In another browser, in which nobody is signed in.
  await second.goto(await mails!.link(moved, "confirm-email"));
  await expectNoToken(second);
  await look(second, "confirm");
  await confirm(second).click();
  await expect(second.getByRole("heading", { name: "One of two is done" })).toBeFocused();
  await look(second, "confirm-waiting");
  await page.goto(await mails!.link(ann.email, "confirm-email"));
  await confirm(page).click();
  await expect(page.getByRole("heading", { name: "Your address is changed" })).toBeFocused();
  await look(page, "confirm-changed");
  await withPassword(second, { email: moved, password: ann.password });
  await expectSignedIn(second, moved);
});

test("a used link to confirm a change says so", async ({ page }) => {
  await page.goto("/confirm-email#token=nonsense");
  await confirm(page).click();
  await expect(page.getByRole("heading", { name: "This link does not work" })).toBeVisible();
  await look(page, "confirm-invalid");
});
