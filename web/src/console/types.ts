import type { components } from "@durward/client";

/** The shapes of the server's document, by the names it gives them. */
export type Schemas = components["schemas"];
export type User = Schemas["User"];
export type UserDetail = Schemas["UserDetail"];
export type Attempt = Schemas["AttemptEntry"];
export type AuditEntry = Schemas["AuditEntry"];
export type SessionEntry = Schemas["SessionEntry"];
export type DeviceEntry = Schemas["DeviceEntry"];
export type Finding = Schemas["Finding"];
export type Report = Schemas["Report"];
export type Overview = Schemas["Overview"];
export type Series = Schemas["Series"];
