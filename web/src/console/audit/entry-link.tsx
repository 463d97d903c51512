import { word } from "../texts.ts";
import type { AuditEntry } from "../types.ts";

/** What happened, and a way to everything that the entry says. The page of an entry finds it again by its time. */
export function EntryLink({ entry }: { entry: AuditEntry }) {
  const query = new URLSearchParams({ at: entry.at });
  return <a href={`/console/audit/${entry.id}?${query}`}>{word("event", entry.event)}</a>;
}
