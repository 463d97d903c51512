import type { FunctionComponent } from "preact";

import type { Me } from "../shell/frame.tsx";
import { Activity } from "./activity/activity.tsx";
import { Data } from "./data/data.tsx";
import { Devices } from "./devices/devices.tsx";
import { Email } from "./email.tsx";
import { Overview } from "./overview/overview.tsx";
import { Password } from "./password.tsx";
import { Profile } from "./profile/profile.tsx";
import { Security } from "./security/security.tsx";
import { Sessions } from "./sessions.tsx";
import { Settings } from "./settings/settings.tsx";

/** What every section gets: whose account it is, and whom to tell when name or address have changed. */
export interface SectionProps {
  me: Me;
  onChanged: () => void;
}

const section = <N extends string>(name: N, Shown: FunctionComponent<SectionProps>) => ({
  name,
  path: name === "overview" ? "/account" : `/account/${name}`,
  Shown,
});

/** The sections in the order of the navigation; the names are those of the server's `/account/{section}`. */
export const sections = [
  section("overview", Overview),
  section("profile", Profile),
  section("settings", Settings),
  section("password", Password),
  section("email", Email),
  section("security", Security),
  section("sessions", Sessions),
  section("devices", Devices),
  section("activity", Activity),
  section("data", Data),
] as const;
