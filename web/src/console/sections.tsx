import type { FunctionComponent } from "preact";

import { Alerts } from "./alerts.tsx";
import { Attempts } from "./attempts/attempts.tsx";
import { Audit } from "./audit/audit.tsx";
import { AuditDetail } from "./audit/detail.tsx";
import { Breakers } from "./breakers.tsx";
import { Checks } from "./checks/checks.tsx";
import { Config } from "./config.tsx";
import { Feed } from "./feed.tsx";
import { Keys } from "./keys.tsx";
import { may } from "./me.ts";
import { OverviewPage } from "./overview/overview.tsx";
import { Places } from "./places.tsx";
import { Sessions } from "./sessions.tsx";
import { UserPage } from "./users/user.tsx";
import { Users } from "./users/users.tsx";

/** One section of the console: its path below `/console`, what shows it, and who may see it. */
export interface Section {
  name: SectionName;
  /** One of these scopes is needed. */
  scopes: string[];
  page: FunctionComponent;
  /** What shows one entry, at `/console/{section}/{id}`. */
  entry?: FunctionComponent<{ id: string }>;
}

export type SectionName =
  "overview" | "feed" | "places" | "users" | "sessions" | "attempts" | "audit" | "alerts" | "checks" | "breakers" | "keys" | "config";

/** All of them, in the order of the menu. How to add one: a row here, its path in `crates/http/src/ui/pages.rs`, its texts. */
export const SECTIONS: Section[] = [
  { name: "overview", scopes: ["overview:read"], page: OverviewPage },
  { name: "feed", scopes: ["audit:read"], page: Feed },
  { name: "places", scopes: ["overview:read", "audit:read"], page: Places },
  { name: "users", scopes: ["users:read"], page: Users, entry: UserPage },
  { name: "sessions", scopes: ["sessions:read"], page: Sessions },
  { name: "attempts", scopes: ["audit:read"], page: Attempts },
  { name: "audit", scopes: ["audit:read"], page: Audit, entry: AuditDetail },
  { name: "alerts", scopes: ["alerts:read"], page: Alerts },
  { name: "checks", scopes: ["diagnostics:read"], page: Checks },
  { name: "breakers", scopes: ["breakers:read"], page: Breakers },
  { name: "keys", scopes: ["keys:read"], page: Keys },
  { name: "config", scopes: ["config:read"], page: Config },
];

/** Those that somebody with these scopes may see. */
export function sectionsFor(scopes: string[]): Section[] {
  return SECTIONS.filter((section) => may(scopes, ...section.scopes));
}
