import { call, expect, look, register, test } from "../kit/index.ts";
import { open, visit } from "./kit.ts";

/** Path, title, and something that is there once it has loaded. */
const SECTIONS = [
  ["", "Overview", "At a glance"],
  ["profile", "Profile", "How you like to work"],
  ["settings", "Settings", "Models"],
  ["password", "Password", "New password"],
  ["email", "E-mail address", "Your e-mail address"],
  ["security", "Security", "Authenticator app"],
  ["sessions", "Sessions", "Where you are signed in"],
  ["devices", "Devices", "A sign-in on it needs"],
  ["activity", "Activity", "What happened around your account"],
  ["data", "Your data", "Everything we hold about you"],
] as const;

for (const [section, title, text] of SECTIONS) {
  test(`${title}: on a phone and on a large screen, light and dark, for everybody`, async ({ page, server }) => {
    test.slow();
    await open(page, await register(server));
    await call(page, "put", "/api/v1/profile", {
      mission_statement: "Make a little less noise every day.",
      work_style_preferences: { quiet_hours: "9 to 11", meetings_a_week: 3, likes_feedback: true, tools: ["pencil", "paper"] },
      personal_goals: { spring: "Walk to work" },
    });
    await visit(page, section);
    await expect(page.getByRole("heading", { level: 1, name: title, exact: true })).toBeVisible();
    await expect(page.getByText(text).first()).toBeVisible();
    await expect(page).toHaveTitle(`${title} – durward`);
    await look(page, section === "" ? "account" : `account-${section}`);
  });
}
