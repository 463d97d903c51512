import { authenticator, expect, look, register, test } from "../kit/index.ts";
import { card, get, open, setUpTotp, visit } from "./kit.ts";

test("a passkey is added with a name, renamed and removed", async ({ page, server }) => {
  await authenticator(page);
  await open(page, await register(server), "security");
  const passkeys = card(page, "Passkeys");
  await passkeys.getByLabel("Name of the new passkey").fill("Grey laptop");
  await passkeys.getByRole("button", { name: "Add a passkey" }).click();
  // The first second factor brings backup codes.
  await expect(page.getByRole("heading", { name: "Keep these backup codes" })).toBeFocused();
  await expect(page.getByRole("listitem")).toHaveCount(10);
  await page.getByRole("button", { name: "I have kept them" }).click();
  const item = passkeys.getByRole("listitem");
  await expect(item).toHaveCount(1);
  await expect(item.getByRole("heading", { name: "Grey laptop" })).toBeVisible();
  await expect(item.getByText("not used yet")).toBeVisible();
  await expect(item.getByText("On one device alone")).toBeVisible();
  await look(page, "account-passkeys");

  await item.getByRole("button", { name: "Rename Grey laptop" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Name")).toBeFocused();
  await dialog.getByLabel("Name").fill(" ");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(dialog.getByLabel("Name")).toHaveAccessibleDescription("This has to be filled in.");
  await dialog.getByLabel("Name").fill("Red laptop");
  await dialog.getByRole("button", { name: "Save" }).click();
  await expect(item.getByRole("heading", { name: "Red laptop" })).toBeVisible();

  await passkeys.getByRole("button", { name: "Add a passkey" }).click();
  await expect(passkeys.getByRole("alert")).toContainText("This device has a passkey for this account already.");

  await item.getByRole("button", { name: "Remove Red laptop" }).click();
  await expect(dialog.getByText("This is your last second factor")).toBeVisible();
  await dialog.getByRole("button", { name: "Cancel" }).click();
  await expect(item).toHaveCount(1);
  await item.getByRole("button", { name: "Remove Red laptop" }).click();
  await dialog.getByRole("button", { name: "Remove" }).click();
  await expect(passkeys.getByRole("listitem")).toHaveCount(0);
  expect(await get(page, "/api/v1/2fa")).toMatchObject({ enabled: false, passkeys: 0 });
});

test("a passkey that nobody touches is not added, and it is said", async ({ page, server }) => {
  await authenticator(page);
  await open(page, await register(server), "security");
  // The browser gives up, as it does when its user does.
  await page.evaluate(() => {
    navigator.credentials.create = () => Promise.reject(new DOMException("no", "NotAllowedError"));
  });
  await card(page, "Passkeys").getByRole("button", { name: "Add a passkey" }).click();
  await expect(card(page, "Passkeys").getByRole("alert")).toContainText("No passkey was used");
  expect(await get(page, "/api/v1/2fa")).toMatchObject({ enabled: false });
});

test("which factor is asked for first is the user's choice", async ({ page, server }) => {
  await authenticator(page);
  const ann = await register(server);
  await open(page, ann, "security");
  await setUpTotp(page);
  await visit(page, "security");
  await card(page, "Passkeys").getByRole("button", { name: "Add a passkey" }).click();
  const order = card(page, "What is asked for first");
  const rows = order.getByRole("listitem");
  await expect(rows).toHaveCount(3);
  const before = (await get<{ methods: string[] }>(page, "/api/v1/2fa")).methods;
  const last = rows.last();
  await last.getByRole("button", { name: /^Up/ }).click();
  await expect.poll(async () => (await get<{ methods: string[] }>(page, "/api/v1/2fa")).methods).toEqual([before[0], before[2], before[1]]);
  await expect(rows.nth(1).getByRole("button", { name: /^Up/ }), "the focus stays with what was moved").toBeFocused();
  await page.keyboard.press("Enter");
  await expect.poll(async () => (await get<{ methods: string[] }>(page, "/api/v1/2fa")).methods).toEqual([before[2], before[0], before[1]]);
  await expect(rows.first().getByRole("button", { name: /^Down/ })).toBeFocused();
  await expect(rows.first().getByRole("button", { name: /^Up/ })).toBeDisabled();
  const login = (await (await page.request.post("/api/v1/auth/login", { data: ann })).json()) as { methods: string[] };
  expect(login.methods[0]).toBe(before[2]);
});
