import { expect, register, test } from "../kit/index.ts";
import { SECRET, age, card, open, visit } from "./kit.ts";

test.use({ settings: { DURWARD_TOKENS__SECRET: SECRET } });

test("a passkey that somebody may have copied is marked, and the overview warns of it", async ({ page, server }) => {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable", { enableUI: false });
  const { authenticatorId } = await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
  await open(page, await register(server), "security");
  await card(page, "Passkeys").getByRole("button", { name: "Add a passkey" }).click();
  await page.getByRole("button", { name: "I have kept them" }).click();
  const { credentials } = await devtools.send("WebAuthn.getCredentials", { authenticatorId });
  expect(credentials).toHaveLength(1);

  const app = card(page, "Authenticator app");
  const dialog = page.getByRole("dialog", { name: "Is it you?" });
  const show = async () => {
    await age(page, 11);
    await app.getByRole("button", { name: "Set it up" }).click();
    await dialog.getByRole("button", { name: "Use a passkey" }).click();
  };
  for (let uses = 0; uses < 2; uses += 1) {
    await show();
    await app.getByRole("button", { name: "Cancel" }).click();
  }
  await visit(page, "security");
  await expect(card(page, "Passkeys").getByText("last used now")).toBeVisible();

  // The copy has not seen how often the other was used.
  await devtools.send("WebAuthn.clearCredentials", { authenticatorId });
  await devtools.send("WebAuthn.addCredential", { authenticatorId, credential: credentials[0]! });
  await show();
  await expect(dialog.getByRole("alert")).toContainText("This passkey was not accepted.");
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await visit(page, "security");
  await expect(card(page, "Passkeys").getByText("There may be a copy of this passkey that is not yours.")).toBeVisible();
  await visit(page);
  await expect(page.getByRole("alert")).toContainText("One of your passkeys may have been copied.");
});
