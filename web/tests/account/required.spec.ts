import { type Page, PASSWORD, authenticator, expect, register, test } from "../kit/index.ts";
import type { Server } from "../kit/server.ts";
import { App } from "../sign-in/kit.ts";
import { card, visit } from "./kit.ts";

test.use({ settings: { DURWARD_SECOND_FACTOR__POLICY: "required" } });

/** Signs in where a second factor has to be set up for that. */
async function signedIn(page: Page, server: Server): Promise<void> {
  const ann = await register(server);
  const login = await page.request.post("/api/v1/auth/login", { data: ann });
  const { challenge_token, setup } = (await login.json()) as { challenge_token: string; setup: { secret: string } };
  const code = await new App(setup.secret).code(-1);
  const answer = await page.request.post("/api/v1/auth/2fa/verify", { data: { challenge_token, method: "totp", code } });
  expect(answer.status(), await answer.text()).toBe(200);
}

test("the last factor of who must have one cannot be removed, and it is said why", async ({ page, server }) => {
  await authenticator(page);
  await signedIn(page, server);
  await visit(page, "security");
  await expect(page.getByText("The administration demands one of your account.")).toBeVisible();
  const off = async () => {
    await card(page, "Authenticator app").getByRole("button", { name: "Turn off" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Show that it is you with").selectOption({ label: "Password" });
    await dialog.getByLabel("Password", { exact: true }).fill(PASSWORD);
    await dialog.getByRole("button", { name: "Turn off" }).click();
    return dialog;
  };
  const dialog = await off();
  await expect(dialog.getByRole("alert")).toHaveText("An account that needs a second factor cannot lose its last one.");
  await dialog.getByRole("button", { name: "Cancel" }).click();

  const passkeys = card(page, "Passkeys");
  await passkeys.getByLabel("Name of the new passkey").fill("Key");
  await passkeys.getByRole("button", { name: "Add a passkey" }).click();
  await expect(passkeys.getByRole("heading", { name: "Key", exact: true })).toBeVisible();
  await off();
  await expect(card(page, "Authenticator app").getByRole("button", { name: "Set it up" })).toBeVisible();
  await passkeys.getByRole("button", { name: "Remove Key" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
  await expect(passkeys.getByText("Your account must have a second factor, and this is the last one.")).toBeVisible();
  await expect(passkeys.getByRole("heading", { name: "Key", exact: true })).toBeVisible();
});
