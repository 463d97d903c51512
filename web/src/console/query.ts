import { useLocation } from "preact-iso";
import { useEffect, useRef, useState } from "preact/hooks";

/** What stands in the query of the page's address, so that a search can be kept, sent on, and gone back to. */
export interface Query {
  values: Record<string, string>;
  /** Changes some of it; what is empty goes. The entry in the browser's history is replaced. */
  set: (changes: Record<string, string>) => void;
}

export function useQuery(): Query {
  const { path, query, route } = useLocation();
  // Two changes may come before the page is drawn again.
  const latest = useRef(query);
  latest.current = query;
  const set = (changes: Record<string, string>) => {
    const next = { ...latest.current, ...changes };
    for (const [name, value] of Object.entries(next)) if (value === "") delete next[name];
    latest.current = next;
    const search = new URLSearchParams(next).toString();
    route(search ? `${path}?${search}` : path, true);
  };
  return { values: query, set };
}

/** How long somebody may pause between two letters. */
const PAUSE = 300;

/**
 * A text that is typed and stands in the address a moment after the last letter. Gives what is typed, and a way to change it.
 */
export function useTyped(query: Query, name: string): [string, (value: string) => void] {
  const there = query.values[name] ?? "";
  const [typed, setTyped] = useState(there);
  const [waiting, setWaiting] = useState(false);
  const set = useRef(query.set);
  set.current = query.set;
  useEffect(() => {
    if (!waiting) return;
    const timer = setTimeout(() => {
      setWaiting(false);
      set.current({ [name]: typed.trim() });
    }, PAUSE);
    return () => clearTimeout(timer);
  }, [typed, waiting]);
  // Somebody went back, or cleared all filters.
  useEffect(() => {
    if (!waiting) setTyped(there);
  }, [there]);
  return [
    typed,
    (value) => {
      setTyped(value);
      setWaiting(true);
    },
  ];
}

/** A time as an `<input type="datetime-local">` has it, in the reader's zone, from one as the server has it. */
export function toLocal(time: string): string {
  const moment = new Date(time);
  if (Number.isNaN(moment.getTime())) return "";
  const local = new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** The other way round; empty for what is no time. */
export function fromLocal(local: string): string {
  const moment = new Date(local);
  return local === "" || Number.isNaN(moment.getTime()) ? "" : moment.toISOString();
}
