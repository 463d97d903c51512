import { expect, register, test } from "../kit/index.ts";
import { App } from "../sign-in/kit.ts";
import { card, get, tabTo } from "./kit.ts";

test("sign in, change the profile and set up TOTP with the keyboard alone", async ({ page, server }) => {
  test.setTimeout(120_000);
  const ann = await register(server);
  const { keyboard } = page;
  await page.goto("/account");
  await page.waitForURL((url) => url.pathname === "/login");
  await tabTo(page, page.getByLabel("E-mail address"));
  await keyboard.type(ann.email);
  await tabTo(page, page.getByLabel("Password", { exact: true }));
  await keyboard.type(ann.password);
  await keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Overview" })).toBeVisible();

  await keyboard.press("Tab");
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeFocused();
  await expect(page.getByRole("link", { name: "Skip to the content" })).toBeInViewport();
  await keyboard.press("Enter");
  await expect(page.getByRole("main")).toBeFocused();
  await tabTo(page, page.getByRole("link", { name: "Change: Name" }));
  await keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Profile" })).toBeFocused();
  const name = page.getByRole("main").getByLabel("Name", { exact: true });
  await tabTo(page, name);
  await keyboard.press("ControlOrMeta+A");
  await keyboard.type("Ann Keys");
  const goals = page.getByRole("group", { name: "Your goals" });
  await tabTo(page, goals.getByRole("button", { name: "Add a line" }));
  await keyboard.press("Enter");
  await expect(goals.getByLabel("Name")).toBeFocused();
  await keyboard.type("mouse");
  await tabTo(page, goals.getByLabel("Value"));
  await keyboard.type("none");
  await tabTo(page, page.getByRole("button", { name: "Save" }));
  await keyboard.press("Space");
  await expect(page.getByText("Saved.").first()).toBeVisible();
  expect(await get(page, "/api/v1/profile")).toMatchObject({
    user: { full_name: "Ann Keys" },
    profile: { personal_goals: { mouse: "none" } },
  });

  await tabTo(page, page.getByRole("navigation", { name: "Parts of your account" }).getByRole("link", { name: "Security" }));
  await keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 1, name: "Security" })).toBeFocused();
  const app = card(page, "Authenticator app");
  await expect(app).toBeVisible();
  await tabTo(page, app.getByRole("button", { name: "Set it up" }));
  await keyboard.press("Enter");
  await expect(app.getByRole("heading", { name: "Add this account to your app" })).toBeFocused();
  const secret = (await app.locator("code").textContent())!.replaceAll(" ", "");
  await tabTo(page, app.getByLabel("Code that the app shows"));
  await keyboard.type(await new App(secret).code(-1));
  await keyboard.press("Enter");
  await expect(page.getByRole("heading", { name: "Keep these backup codes" })).toBeFocused();
  await tabTo(page, page.getByRole("button", { name: "I have kept them" }));
  await keyboard.press("Enter");
  await expect(page.getByText("A sign-in with your password needs a second factor.")).toBeVisible();
});
