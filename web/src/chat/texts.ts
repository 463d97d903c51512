import { texts } from "../shell/texts.ts";

/** What the chat page says. */
export const say = texts<typeof import("../texts/en/chat.json")>("chat");
