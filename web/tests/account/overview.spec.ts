import { call, expect, register, signIn, test } from "../kit/index.ts";
import { App, WRONG } from "../sign-in/kit.ts";
import { open, setUpTotp, visit } from "./kit.ts";

test("the account at a glance", async ({ page, server }) => {
  const ann = await register(server);
  await open(page, ann);
  const main = page.getByRole("main");
  await expect(main.getByText("Ann Lee")).toBeVisible();
  await expect(main.getByText(ann.email)).toBeVisible();
  await expect(main.getByText("1 session is open")).toBeVisible();
  await expect(main.getByText("none that is known")).toBeVisible();
  await expect(main.getByText("Your password alone protects this account.")).toBeVisible();

  await setUpTotp(page);
  await page.reload();
  await expect(main.getByText("10 backup codes left")).toBeVisible();
  await expect(main.getByText("Your password alone protects this account.")).toHaveCount(0);
  await main.getByRole("link", { name: "Manage: Second factor" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Security" })).toBeFocused();
});

test("it says when one was here last, and warns of sign-ins that failed", async ({ page, second, server }) => {
  const ann = await register(server);
  await signIn(second, ann);
  for (let tries = 0; tries < 3; tries += 1) {
    const answer = await second.request.post("/api/v1/auth/login", { data: { email: ann.email, password: WRONG } });
    expect(answer.status()).toBe(401);
  }
  await open(page, ann);
  const main = page.getByRole("main");
  await expect(main.getByText("3 sign-ins to your account failed within the last week. Was it you?")).toBeVisible();
  await expect(main.getByText("2 sessions are open")).toBeVisible();
  await expect(main.locator(".fact", { hasText: "Sign-in before this one" })).toContainText(/this minute|ago|now/);
  await main.getByRole("link", { name: "To the activity" }).click();
  await expect(page.getByRole("heading", { level: 1, name: "Activity" })).toBeFocused();
  await expect(main.getByRole("heading", { name: "Sign-in failed" })).toHaveCount(3);
});

test("few backup codes are worth a warning", async ({ page, server }) => {
  const ann = await register(server);
  await open(page, ann);
  const { secret } = (await (await call(page, "post", "/api/v1/2fa/totp/setup")).json()) as { secret: string };
  const enabled = await call(page, "post", "/api/v1/2fa/totp/enable", { code: await new App(secret).code(-1) });
  const { backup_codes } = (await enabled.json()) as { backup_codes: string[] };
  for (const code of backup_codes.slice(0, 8)) {
    const login = (await (await page.request.post("/api/v1/auth/login", { data: ann })).json()) as { challenge_token: string };
    const { challenge_token } = login;
    const answer = await page.request.post("/api/v1/auth/2fa/verify", { data: { challenge_token, method: "backup_code", code } });
    expect(answer.status(), await answer.text()).toBe(200);
  }
  await visit(page);
  await expect(page.getByText("You have 2 backup codes left. Make new ones before you need them.")).toBeVisible();
});
