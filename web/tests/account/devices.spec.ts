import { expect, register, signIn, test } from "../kit/index.ts";
import { get, open, setUpTotp, visit } from "./kit.ts";

interface Devices {
  items: { id: string; name: string; trust_level: string; security_level: string; current: boolean }[];
}

test("a device gets a name, trust and what it has to show", async ({ page, server }) => {
  const ann = await register(server);
  await open(page, ann, "devices");
  const main = page.getByRole("main");
  await expect(main.getByText("this device", { exact: true })).toBeVisible();
  const mine = async () => (await get<Devices>(page, "/api/v1/devices")).items[0]!;

  await main.getByRole("button", { name: /^Rename / }).click();
  await page.getByRole("dialog").getByLabel("Name").fill("Kitchen table");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(main.getByRole("heading", { name: "Kitchen table" })).toBeVisible();
  expect((await mine()).name).toBe("Kitchen table");

  const trust = main.getByLabel("Trust", { exact: true });
  const level = main.getByLabel("A sign-in on it needs");
  await expect(trust).toHaveAccessibleDescription(/nothing more is known of it/);
  await expect(level.getByRole("option", { name: "The password alone" })).toBeDisabled();
  await expect(level.getByRole("option", { name: "The second factor each time" })).toBeDisabled();
  await trust.selectOption({ label: "Trusted" });
  await expect(trust).toHaveAccessibleDescription(/It is yours/);
  await expect.poll(async () => (await mine()).trust_level).toBe("trusted");
  await level.selectOption({ label: "The password alone" });
  await expect(level).toHaveAccessibleDescription(/The second factor is not asked for/);
  await expect.poll(async () => (await mine()).security_level).toBe("auto_login");

  await setUpTotp(page);
  await visit(page, "devices");
  await level.selectOption({ label: "The second factor each time" });
  await expect(level).toHaveAccessibleDescription(/whatever else would stand in for it/);
  await expect.poll(async () => (await mine()).security_level).toBe("always_2fa");
});

test("another device is forgotten, and its sessions with it", async ({ page, second, server }) => {
  const ann = await register(server);
  await signIn(second, ann);
  await open(page, ann, "devices");
  const regions = page.getByRole("main").getByRole("region");
  await expect(regions).toHaveCount(2);
  const other = regions.filter({ hasNot: page.getByText("this device", { exact: true }) });
  await other.getByRole("button", { name: /^Forget / }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByText("Its sessions end")).toBeVisible();
  await dialog.getByRole("button", { name: "Forget" }).click();
  await expect(regions).toHaveCount(1);
  expect(await get(second, "/api/v1/auth/status")).toEqual({ authenticated: false });
  expect((await get<Devices>(page, "/api/v1/devices")).items.map(({ current }) => current)).toEqual([true]);
});
