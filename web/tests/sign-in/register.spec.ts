import { PASSWORD, type Page, expect, look, register, test } from "../kit/index.ts";
import { expectNobody, expectSignedIn } from "./kit.ts";

function form(page: Page) {
  return {
    email: page.getByLabel("E-mail address"),
    name: page.getByLabel("Full name (optional)"),
    password: page.getByLabel("Password", { exact: true }),
    meter: page.getByRole("meter", { name: "Password strength:" }),
    submit: page.getByRole("button", { name: "Create an account" }),
  };
}

test("an account is opened, and signed in to", async ({ page }) => {
  const email = `fresh-${Date.now()}@example.com`;
  await page.goto("/register?return_to=/account/security");
  await look(page, "register");
  await form(page).email.fill(` ${email} `);
  await form(page).name.fill("Fresh Person");
  await form(page).password.fill(PASSWORD);
  await form(page).submit.click();
  await expectSignedIn(page, email, "/account/security");
});

test("the meter says what a password is worth, also to who cannot see it", async ({ page }) => {
  await page.goto("/register");
  const { password, meter, email } = form(page);
  await password.fill("abc");
  await expect(meter).toHaveAttribute("aria-valuetext", "too short: 8 characters at least");
  await password.fill("password1");
  await expect(meter).toHaveAttribute("aria-valuetext", /too (common|easy)/);
  await expect(page.locator("#announcements")).toContainText("Password strength: too");
  await look(page, "register-weak");
  await password.fill(PASSWORD);
  await expect(meter).toHaveAttribute("aria-valuetext", "very good");
  await expect(meter).toHaveAttribute("aria-valuenow", "4");
  await expect(page.locator("#announcements")).toContainText("Password strength: very good");
  await look(page, "register-strong");
  // What everybody knows of somebody is easy to guess.
  await password.fill("wilhelmine.osterkamp@example.com");
  await expect(meter).toHaveAttribute("aria-valuenow", "4");
  await email.fill("wilhelmine.osterkamp@example.com");
  await expect(meter).toHaveAttribute("aria-valuenow", /^[0-2]$/);
});

test("what is wrong is said at its field, and what is typed stays", async ({ page, server }) => {
  const ann = await register(server);
  await page.goto("/register");
  const { email, password, submit } = form(page);
  await submit.click();
  await expect(email).toBeFocused();
  await expect(email).toHaveAccessibleDescription("This has to be filled in.");
  await email.fill("not an address");
  await password.fill(PASSWORD);
  await submit.click();
  await expect(email).toHaveAccessibleDescription("This is not an e-mail address.");
  await expect(email).toBeFocused();
  await email.fill(ann.email);
  await password.fill("password1");
  await submit.click();
  await expect(password).toHaveAccessibleDescription(/This password is too easy to guess\./);
  await expect(password).toBeFocused();
  await password.fill(PASSWORD);
  await submit.click();
  await expect(email).toHaveAccessibleDescription("There is an account with this address already.");
  await look(page, "register-taken");
  await expect(password).toHaveValue(PASSWORD);
  await expectNobody(page);
  await page.getByRole("link", { name: "I have an account already" }).click();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Sign in");
});

test("by keyboard alone", async ({ page }) => {
  const email = `keys-${Date.now()}@example.com`;
  await page.goto("/register");
  await expect(form(page).email).toBeFocused();
  await page.keyboard.type(email);
  await page.keyboard.press("Tab");
  await page.keyboard.type("Key Board");
  await page.keyboard.press("Tab");
  await page.keyboard.type(PASSWORD);
  await page.keyboard.press("Enter");
  await expectSignedIn(page, email);
});
