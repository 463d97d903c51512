import type { components } from "../schema.d.ts";

/** What the server says over the socket. */
export type FromServer = components["schemas"]["FromServer"];

/** What a client says. */
export type FromClient = components["schemas"]["FromClient"];

/** A message of one kind from the server. */
export type Said<T extends FromServer["type"]> = Extract<FromServer, { type: T }>;

/** The most that a message may hold, in bytes of UTF-8. */
export const MESSAGE_LIMIT = 32 * 1024;

/** The most that a frame may hold: a message that is full of quotes or line breaks is longer in JSON. */
const FRAME_LIMIT = 64 * 1024;

const utf8 = new TextEncoder();

/** How long a message is, in bytes of UTF-8. */
export function messageSize(content: string): number {
  return utf8.encode(content).length;
}

/** Whether a message can be sent as far as its length goes. */
export function fits(content: string): boolean {
  return messageSize(content) <= MESSAGE_LIMIT && messageSize(JSON.stringify(content)) <= FRAME_LIMIT - 256;
}
