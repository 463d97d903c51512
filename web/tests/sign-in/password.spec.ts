import { PASSWORD, expect, look, register, signIn, test } from "../kit/index.ts";
import { expectNobody, expectSignedIn, form, withPassword } from "./kit.ts";

test("a password signs in, and leads to the account", async ({ page, server }) => {
  const ann = await register(server);
  await page.goto("/login");
  await expect(page).toHaveTitle(/^Sign in/);
  await look(page, "login");
  await withPassword(page, ann);
  await expectSignedIn(page, ann.email);
});

test("a wrong password and an unknown address are refused in the same words, and nothing typed is lost", async ({ page, server }) => {
  const ann = await register(server);
  for (const email of [ann.email, "nobody-at-all@example.com"]) {
    await withPassword(page, { email, password: "not the password" });
    await expect(page.getByRole("alert")).toHaveText("The e-mail address or the password is wrong.");
    await expect(form(page).email).toHaveValue(email);
    await expect(form(page).password).toHaveValue("not the password");
    await expect(form(page).password).toBeFocused();
  }
  await look(page, "login-wrong");
  // What is selected is typed over.
  await form(page).email.fill(ann.email);
  await form(page).password.fill(PASSWORD);
  await form(page).submit.click();
  await expectSignedIn(page, ann.email);
});

test("what is missing is said at its field, and the focus goes there", async ({ page }) => {
  await page.goto("/login");
  await form(page).submit.click();
  await expect(form(page).email).toBeFocused();
  await expect(form(page).email).toHaveAccessibleDescription("This has to be filled in.");
  await form(page).email.fill("ann@example.com");
  await form(page).submit.click();
  await expect(form(page).password).toBeFocused();
  await expect(form(page).email).toHaveAccessibleDescription("");
  await expect(form(page).password).toHaveAccessibleDescription("This has to be filled in.");
  await look(page, "login-missing");
});

test("by keyboard alone", async ({ page, server }) => {
  const ann = await register(server);
  await page.goto("/login");
  await expect(form(page).email).toBeFocused();
  await page.keyboard.type(ann.email);
  await page.keyboard.press("Tab");
  await page.keyboard.type("wrong");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("alert")).toBeVisible();
  await page.keyboard.type(ann.password);
  // The button that shows what is typed comes before the one that sends it.
  await page.keyboard.press("Tab");
  await expect(page.getByRole("button", { name: "Show" })).toBeFocused();
  await page.keyboard.press("Space");
  await expect(form(page).password).toHaveAttribute("type", "text");
  await page.keyboard.press("Tab");
  await expect(form(page).submit).toBeFocused();
  await page.keyboard.press("Enter");
  await expectSignedIn(page, ann.email);
});

test("what was typed before the script came stays", async ({ page, server }) => {
  const ann = await register(server);
  let letGo = () => {};
  const held = new Promise<void>((done) => (letGo = done));
  await page.route(/\/ui\/.*\.js$/, async (route) => {
    await held;
    await route.continue();
  });
  await page.goto("/login", { waitUntil: "commit" });
  await page.locator("#email").fill(ann.email);
  await page.locator("#password").pressSequentially(ann.password.slice(0, 9));
  letGo();
  // The script's form has a button that the server's has not.
  await expect(page.getByRole("button", { name: "Show" })).toBeVisible();
  await expect(form(page).email).toHaveValue(ann.email);
  await expect(form(page).password).toBeFocused();
  await page.keyboard.type(ann.password.slice(9));
  await page.keyboard.press("Enter");
  await expectSignedIn(page, ann.email);
});

test("a form that was sent before the script came is answered by the page with the script", async ({ page, server }) => {
  const ann = await register(server);
  let blocked = true;
  await page.route(/\/ui\/.*\.js$/, (route) => (blocked ? route.abort() : route.continue()));
  await page.goto("/login?return_to=/account/sessions");
  await page.locator("#email").fill(ann.email);
  await page.locator("#password").fill("wrong");
  blocked = false;
  await page.locator("#password").press("Enter");
  await expect(page.getByRole("button", { name: "Show" })).toBeVisible();
  await expect(page.getByRole("alert")).toHaveText("The e-mail address or the password is wrong.");
  await expect(form(page).email).toHaveValue(ann.email);
  await form(page).password.fill(ann.password);
  await form(page).submit.click();
  await expectSignedIn(page, ann.email, "/account/sessions");
});

test("why a session ended is said in words", async ({ page }) => {
  for (const [reason, words] of [
    ["token_revoked", "Your session was ended"],
    ["token_expired", "Your session has ended"],
    ["token_signature", "Your session has ended"],
    ["account_inactive", "not active at the moment"],
    ["refresh_reused", "in two places at once"],
    ["token_missing", "Please sign in to go on."],
  ] as const) {
    await page.goto(`/login?reason=${reason}`);
    await expect(page.locator(".notice")).toContainText(words);
  }
  await page.goto("/login?reason=refresh_reused");
  await look(page, "login-reason");
  await page.goto("/login?reason=%3Cb%3Eanything%3C/b%3E");
  await expect(form(page).email).toBeVisible();
  await expect(page.locator(".notice")).toHaveCount(0);
});

test("who is signed in already goes on, or signs out", async ({ page, server }) => {
  const ann = await register(server);
  await signIn(page, ann);
  await page.goto("/login");
  await expect(page.getByText(`You are signed in as ${ann.email}.`)).toBeVisible();
  await expect(page.getByRole("heading", { level: 1 })).toBeFocused();
  await look(page, "login-signed-in");
  await page.getByRole("link", { name: "Continue" }).click();
  await expectSignedIn(page, ann.email);
  await page.goto("/login");
  await page.getByRole("button", { name: "Sign out" }).click();
  await expect(form(page).email).toBeFocused();
  await expectNobody(page);
});

test("a session whose access token is gone is renewed without a question", async ({ page, server }) => {
  const ann = await register(server);
  await signIn(page, ann);
  await page.context().clearCookies({ name: "access_token" });
  await page.goto("/login?return_to=/account/sessions");
  await expectSignedIn(page, ann.email, "/account/sessions");
  // Where nobody sent them here, it is a question. After an hour the CSRF token's cookie is gone as well.
  for (const name of ["access_token", "csrf_token"]) await page.context().clearCookies({ name });
  await page.goto("/login");
  await expect(page.getByText(`You are signed in as ${ann.email}.`)).toBeVisible();
});

test("no connection is said, and everything stays as it was", async ({ page, server }) => {
  const ann = await register(server);
  await page.goto("/login");
  await form(page).email.fill(ann.email);
  await form(page).password.fill(ann.password);
  await page.context().setOffline(true);
  await form(page).submit.click();
  await expect(page.getByRole("alert")).toContainText("The server cannot be reached.");
  await page.context().setOffline(false);
  await form(page).submit.click();
  await expectSignedIn(page, ann.email);
});

test("German, by the choice of language, which lasts", async ({ page, server }) => {
  const ann = await register(server);
  await page.goto("/login");
  await page.getByLabel("Language").selectOption("de");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Anmelden");
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await page.getByLabel("E-Mail-Adresse").fill(ann.email);
  await page.getByLabel("Passwort", { exact: true }).fill("falsch");
  await page.getByRole("button", { name: "Anmelden", exact: true }).click();
  await expect(page.getByRole("alert")).toHaveText("Die E-Mail-Adresse oder das Passwort ist falsch.");
  await look(page, "login-german");
  await page.reload();
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Anmelden");
});

test("light or dark, by choice", async ({ page }) => {
  await page.emulateMedia({ colorScheme: "light" });
  await page.goto("/login");
  const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const light = await ground();
  await page.getByLabel("Appearance").selectOption("dark");
  expect(await ground()).not.toBe(light);
  await page.reload();
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  expect(await ground()).not.toBe(light);
});

test("nothing moves for who wants no motion", async ({ page }) => {
  await page.emulateMedia({ reducedMotion: "reduce" });
  await page.goto("/login");
  await expect(form(page).email).toBeVisible();
  const moving = await page.evaluate(() => {
    const seconds = (text: string) => Math.max(...text.split(",").map((one) => parseFloat(one)));
    return [...document.querySelectorAll("*")].filter((element) => {
      const style = getComputedStyle(element);
      return seconds(style.animationDuration) > 0.001 || seconds(style.transitionDuration) > 0.001;
    }).length;
  });
  expect(moving).toBe(0);
});
