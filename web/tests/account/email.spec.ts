import { expect, register, test } from "../kit/index.ts";
import { card, get, open, visit } from "./kit.ts";

// Who has not confirmed the address yet may sign in here.
test.use({ withMail: true, settings: { DURWARD_REGISTRATION__VERIFY_EMAIL: "false" } });

test("an address that is not confirmed gets another mail", async ({ page, server, mails }) => {
  const ann = await register(server);
  await open(page, ann, "email");
  await expect(card(page, "Your e-mail address").getByText("not confirmed")).toBeVisible();
  await page.getByRole("button", { name: "Send another mail" }).click();
  await expect(page.getByText(`A mail to ${ann.email} is on its way.`).first()).toBeVisible();
  const token = (await mails!.link(ann.email, "verify-email")).split("#token=")[1];
  expect((await page.request.post("/api/v1/email/verify", { data: { token } })).status()).toBe(204);
  await page.reload();
  await expect(card(page, "Your e-mail address").getByText("confirmed", { exact: true })).toBeVisible();
  await expect(page.getByRole("button", { name: "Send another mail" })).toHaveCount(0);
});

test("another address is asked for, and both confirm it", async ({ page, server, mails }) => {
  const ann = await register(server);
  const wanted = `new-${ann.email}`;
  await open(page, ann, "email");
  const field = page.getByLabel("New e-mail address");
  const send = page.getByRole("button", { name: "Send the mails" });
  for (const [text, why] of [
    ["", "This has to be filled in."],
    [ann.email.toUpperCase(), "This is your address already."],
    ["no address", "This is not an e-mail address."],
  ] as const) {
    await field.fill(text);
    await send.click();
    await expect(field).toHaveAccessibleDescription(why);
    await expect(field).toBeFocused();
  }
  await field.fill(wanted);
  await send.click();
  await expect(page.getByText(`Mails to ${ann.email} and ${wanted} are on their way.`).first()).toBeVisible();
  for (const [address, status] of [
    [ann.email, "waiting"],
    [wanted, "changed"],
  ] as const) {
    const token = (await mails!.link(address, "confirm-email")).split("#token=")[1];
    const answer = await page.request.post("/api/v1/email/change/confirm", { data: { token } });
    expect(await answer.json()).toMatchObject({ status });
  }
  await visit(page, "email");
  await expect(card(page, "Your e-mail address").getByText(wanted)).toBeVisible();
  expect(await get(page, "/api/v1/auth/status")).toMatchObject({ user: { email: wanted } });
});
