import { texts } from "../shell/texts.ts";

/** What the sign-in pages say. */
export const say = texts<typeof import("../texts/en/sign-in.json")>("sign-in");
