import { PASSWORD, expect, look, register, test } from "../kit/index.ts";
import { withTotp } from "./kit.ts";

test.beforeEach(async ({ context, server }) => {
  await context.addCookies([{ name: "language", value: "de", url: server.url }]);
});

test("the registration in German", async ({ page }) => {
  await page.goto("/register");
  await expect(page.getByRole("heading", { level: 1 })).toHaveText("Konto eröffnen");
  await page.getByLabel("Passwort", { exact: true }).fill(PASSWORD);
  await expect(page.getByRole("meter")).toHaveAttribute("aria-valuetext", "sehr gut");
  await page.getByRole("button", { name: "Konto eröffnen" }).click();
  await expect(page.getByLabel("E-Mail-Adresse")).toHaveAccessibleDescription("Bitte ausfüllen.");
  await look(page, "register-german");
});

test("the second step in German", async ({ page, server }) => {
  const ann = await register(server);
  await withTotp(page, ann);
  await page.goto("/login");
  await page.getByLabel("E-Mail-Adresse").fill(ann.email);
  await page.getByLabel("Passwort", { exact: true }).fill(ann.password);
  await page.getByRole("button", { name: "Anmelden", exact: true }).click();
  await expect(page.getByLabel("Code aus Ihrer Authenticator-App")).toBeFocused();
  await look(page, "second-german");
});
