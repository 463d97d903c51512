import { existsSync } from "node:fs";

import { defineConfig } from "@playwright/test";

/** Where Debian, Ubuntu and others put it. */
const browsers = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome-stable", "/usr/bin/google-chrome"];
const executablePath = browsers.find((path) => existsSync(path));
if (!executablePath) throw new Error("Chromium is missing; on Debian: apt-get install chromium");

export default defineConfig({
  testDir: "tests",
  globalSetup: "./tests/kit/client.ts",
  outputDir: "test-results",
  fullyParallel: false,
  workers: 2,
  timeout: 60_000,
  expect: { timeout: 10_000 },
  forbidOnly: true,
  reporter: [["list"]],
  use: {
    locale: "en-GB",
    timezoneId: "Europe/Berlin",
    viewport: { width: 1440, height: 900 },
    trace: "retain-on-failure",
    launchOptions: {
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
