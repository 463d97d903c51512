import { texts } from "../shell/texts.ts";

/** The texts of the account pages. */
export const t = texts<typeof import("../texts/en/account.json")>("account");

/** A word of the server that nobody has translated yet, readable: `some_event` is "Some event". */
export function readable(word: string): string {
  const spaced = word.replaceAll("_", " ").trim();
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}
