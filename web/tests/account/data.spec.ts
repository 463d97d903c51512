import { readFileSync } from "node:fs";

import { PASSWORD, call, expect, look, register, test } from "../kit/index.ts";
import { open, visit } from "./kit.ts";

test("everything is downloaded as a JSON file", async ({ page, server }) => {
  const ann = await register(server);
  await open(page, ann);
  await call(page, "put", "/api/v1/profile", { mission_statement: "Less noise." });
  await visit(page, "data");
  const downloading = page.waitForEvent("download");
  await page.getByRole("button", { name: "Download" }).click();
  const file = await downloading;
  expect(file.suggestedFilename()).toMatch(/^my-data-\d{4}-\d\d-\d\d\.json$/);
  const data = JSON.parse(readFileSync(await file.path(), "utf8")) as { account: { email: string } };
  expect(JSON.stringify(data.account)).toContain(ann.email);
  expect(JSON.stringify(data)).toContain("Less noise.");
  await expect(page.getByText(/^The file is complete: \d+ KiB\.$/).first()).toBeVisible();
});

test("the account is deleted, for who has typed its address and knows the password", async ({ page, server }) => {
  const ann = await register(server);
  await open(page, ann, "data");
  await expect(page.getByText("your conversations")).toBeVisible();
  await page.getByRole("button", { name: "Delete the account …" }).click();
  const dialog = page.getByRole("dialog", { name: "Delete your account" });
  const address = dialog.getByLabel(`Type your address to confirm: ${ann.email}`);
  const password = dialog.getByLabel("Password", { exact: true });
  const forGood = dialog.getByRole("button", { name: "Delete for good" });
  await look(page, "account-delete");
  await address.fill("somebody@example.com");
  await forGood.click();
  await expect(address).toHaveAccessibleDescription("This is not your address.");
  await expect(address).toBeFocused();
  await expect(password).toHaveAccessibleDescription("This has to be filled in.");
  await address.fill(ann.email);
  await password.fill("wrong");
  await forGood.click();
  await expect(password).toHaveAccessibleDescription("This is not your password.");
  await password.fill(PASSWORD);
  await forGood.click();
  await page.waitForURL((url) => url.pathname === "/login");
  await expect(page.getByText("Your account is deleted")).toBeVisible();
  const answer = await page.request.post("/api/v1/auth/login", { data: ann });
  expect(answer.status()).toBe(401);
});

test("the last administrator is told to find another one first", async ({ page, server }) => {
  await open(page, server.admin, "data");
  await page.getByRole("button", { name: "Delete the account …" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel(/^Type your address/).fill(server.admin.email);
  await dialog.getByLabel("Password", { exact: true }).fill(server.admin.password);
  await dialog.getByRole("button", { name: "Delete for good" }).click();
  await expect(dialog.getByRole("alert")).toHaveText("Somebody else has to be an administrator first.");
});
