import { expect, register, signIn, test } from "../kit/index.ts";
import { open, visit } from "./kit.ts";

test("who is not signed in goes to the sign-in page, and from there back to the section", async ({ page, server }) => {
  const ann = await register(server);
  await page.goto("/account/devices");
  await page.waitForURL((url) => url.pathname === "/login" && url.searchParams.get("return_to") === "/account/devices");
  await page.getByLabel("E-mail address").fill(ann.email);
  await page.getByLabel("Password", { exact: true }).fill(ann.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Devices" })).toBeVisible();
});

test("sections are links, back and forward work, the focus goes to the heading", async ({ page, server }) => {
  await open(page, await register(server));
  const side = page.getByRole("navigation", { name: "Parts of your account" });
  const heading = (name: string) => page.getByRole("heading", { level: 1, name, exact: true });
  await expect(heading("Overview")).not.toBeFocused();
  await expect(side.locator("[aria-current=page]")).toHaveText("Overview");

  await page.evaluate(() => Object.assign(window, { stays: true }));
  await side.getByRole("link", { name: "Password" }).click();
  await expect(heading("Password")).toBeFocused();
  await expect(page).toHaveURL(/\/account\/password$/);
  await expect(page).toHaveTitle("Password – durward");
  await expect(side.locator("[aria-current=page]")).toHaveText("Password");

  await side.getByRole("link", { name: "Sessions" }).click();
  await expect(heading("Sessions")).toBeFocused();
  await page.goBack();
  await expect(heading("Password")).toBeFocused();
  await page.goForward();
  await expect(heading("Sessions")).toBeFocused();
  expect(await page.evaluate(() => "stays" in window), "the page was not loaded anew").toBe(true);

  await page.reload();
  await expect(heading("Sessions")).toBeVisible();
});

test("it is in German, and stays so", async ({ page, server }) => {
  await open(page, await register(server), "security");
  await page.getByLabel("Language").selectOption({ label: "Deutsch" });
  await expect(page.getByRole("heading", { level: 1, name: "Sicherheit" })).toBeVisible();
  await expect(page.locator("html")).toHaveAttribute("lang", "de");
  await expect(page.getByText("Ihr Passwort allein reicht zur Anmeldung.")).toBeVisible();
  for (const section of ["", "profile", "settings", "password", "email", "sessions", "devices", "activity", "data"]) {
    await visit(page, section);
    // Its words are longer.
    await page.setViewportSize({ width: 360, height: 740 });
    const across = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    expect(across, `${section} scrolls sideways`).toBeLessThanOrEqual(0);
    // A key that has no text is shown as it is.
    await expect(page.getByRole("main")).not.toHaveText(/\b[a-z_]+\.[a-z_]+\b(?<!example\.com)/);
  }
});

test("a session that has ended elsewhere leads to the sign-in page at the next act, with the reason", async ({ page, second, server }) => {
  const ann = await register(server);
  await open(page, ann, "profile");
  await open(second, ann, "sessions");
  await second.getByRole("button", { name: "End all others" }).click();
  await second.getByRole("dialog").getByRole("button", { name: "End all others" }).click();
  await expect(second.getByRole("dialog")).toHaveCount(0);

  await page.getByLabel("Mission statement").fill("Never saved");
  await page.getByRole("button", { name: "Save" }).click();
  await page.waitForURL((url) => url.pathname === "/login");
  const query = new URL(page.url()).searchParams;
  expect(query.get("return_to")).toBe("/account/profile");
  expect(query.get("reason")).toBe("token_revoked");
  await expect(page.getByText("Your session was ended")).toBeVisible();
});

test("without a network it says so, and goes on when there is one", async ({ page, context, server }) => {
  await open(page, await register(server));
  await context.setOffline(true);
  await page.getByRole("navigation", { name: "Parts of your account" }).getByRole("link", { name: "Sessions" }).click();
  await expect(page.getByRole("alert")).toContainText("The server cannot be reached.");
  await context.setOffline(false);
  await page.getByRole("button", { name: "Try again" }).click();
  await expect(page.getByRole("table", { name: "Where you are signed in" })).toBeVisible();
});

test("a section that there is not", async ({ page, server }) => {
  const ann = await register(server);
  await signIn(page, ann);
  expect((await page.request.get("/account/nowhere")).status()).toBe(404);
});
