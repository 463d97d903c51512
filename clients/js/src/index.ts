export { type Answer, type Body, type Call, Http, type Options, type PathFor } from "./http.ts";
export * as passkeys from "./passkeys.ts";
export { type FieldError, Problem } from "./problem.ts";
export type { components, paths } from "./schema.d.ts";
