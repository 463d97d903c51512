import { type Inputs, useCallback, useEffect, useRef, useState } from "preact/hooks";

/** Something that is loaded: what there is, what went wrong, and a way to load it again. */
export interface Loaded<T> {
  data: T | undefined;
  problem: unknown;
  busy: boolean;
  reload: () => Promise<void>;
  /** Puts something else in its place, such as what a change answered. */
  set: (data: T) => void;
}

/** Loads when the part appears, and again when `inputs` change. An answer that comes too late is dropped. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<T>, inputs: Inputs): Loaded<T> {
  const [data, set] = useState<T>();
  const [problem, setProblem] = useState<unknown>();
  const [busy, setBusy] = useState(true);
  const current = useRef<AbortController>(undefined);
  const reload = useCallback(async () => {
    current.current?.abort();
    const mine = new AbortController();
    current.current = mine;
    setBusy(true);
    try {
      const loaded = await load(mine.signal);
      if (mine.signal.aborted) return;
      set(loaded);
      setProblem(undefined);
    } catch (caught) {
      if (mine.signal.aborted) return;
      setProblem(caught);
    }
    setBusy(false);
  }, inputs);
  useEffect(() => {
    void reload();
    return () => current.current?.abort();
  }, [reload]);
  return { data, problem, busy, reload, set };
}

/** Something that is done on demand: one at a time, with what came of it. */
export interface Action<A extends unknown[]> {
  run: (...args: A) => Promise<boolean>;
  busy: boolean;
  problem: unknown;
  clear: () => void;
}

/** `run` gives whether it succeeded; the problem, if not, is kept until the next time. */
export function useAction<A extends unknown[]>(act: (...args: A) => Promise<unknown>): Action<A> {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>();
  const running = useRef(false);
  const run = async (...args: A) => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    setProblem(undefined);
    try {
      await act(...args);
      return true;
    } catch (caught) {
      setProblem(caught);
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { run, busy, problem, clear: () => setProblem(undefined) };
}

/** A list that comes in pages. */
export interface Paged<T> extends Omit<Loaded<T[]>, "set"> {
  more: (() => Promise<void>) | undefined;
}

/** Loads a list page by page; `more` is there while there is more. */
export function usePaged<T>(
  load: (cursor: string | undefined, signal?: AbortSignal) => Promise<{ items: T[]; next_cursor?: string | null }>,
  inputs: Inputs,
): Paged<T> {
  const first = useLoaded(async (signal) => {
    const page = await load(undefined, signal);
    return { items: page.items, next: page.next_cursor ?? undefined };
  }, inputs);
  const next = first.data?.next;
  const more =
    next === undefined
      ? undefined
      : async () => {
          const page = await load(next);
          first.set({ items: [...(first.data?.items ?? []), ...page.items], next: page.next_cursor ?? undefined });
        };
  return { data: first.data?.items, problem: first.problem, busy: first.busy, reload: first.reload, more };
}
