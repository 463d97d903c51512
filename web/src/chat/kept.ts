import type { components } from "@durward/client";

import { useLoaded } from "../parts/use.ts";
import { server } from "../shell/server.ts";

/** A message that the server has kept. */
export type Message = components["schemas"]["Message"];

/** How many pages of a conversation are read at most: the API gives the oldest first, and the newest are wanted. */
const PAGES = 50;

/** What the server has kept of a conversation; `messages` is undefined until it is there. */
export interface Kept {
  messages: Message[] | undefined;
  problem: unknown;
  reload: () => Promise<void>;
}

/** Reads a conversation; a new one has nothing in it. */
export function useKept(id: string | undefined): Kept {
  const { data, problem, busy, reload } = useLoaded(async (signal) => ({ of: id, messages: id ? await read(id, signal) : [] }), [id]);
  // While another conversation is loaded, what is there is still the last one's.
  const messages = data && data.of === id ? data.messages : undefined;
  return { messages, problem: busy && !messages ? undefined : problem, reload };
}

async function read(id: string, signal: AbortSignal): Promise<Message[]> {
  const messages: Message[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page += 1) {
    const { items, next_cursor } = await server.get("/api/v1/conversations/{id}/messages", {
      path: { id },
      query: { cursor, limit: 100 },
      signal,
    });
    messages.push(...items);
    if (!next_cursor) break;
    cursor = next_cursor;
  }
  return messages;
}
