import { texts } from "../shell/texts.ts";

/** What the console says. */
export const t = texts<typeof import("../texts/en/console.json")>("console");

/** A stable word of the server in the page's language; the word itself where there is no text for it. */
export function word(kind: string, name: string): string {
  return t.find(`${kind}.${name}`) ?? name;
}
