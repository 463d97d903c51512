export type { Why } from "./chat/ends.ts";
export type { Outgoing, Progress, Thread } from "./chat/outbox.ts";
export { MESSAGE_LIMIT, fits, messageSize } from "./chat/wire.ts";
export { type ChatEvents, type ChatOptions, ChatSocket, type ChatState } from "./chat.ts";
export { type Answer, type Body, type Call, Http, type Options, type PathFor } from "./http.ts";
export * as passkeys from "./passkeys.ts";
export { type FieldError, Problem } from "./problem.ts";
export type { components, paths } from "./schema.d.ts";
