import { Problem } from "@durward/client";
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

/** Thrown by what somebody called off: nothing has happened, and nothing is wrong. */
export class Cancelled extends Error {
  override readonly name = "Cancelled";
}

/** How many seconds are left until it is worth trying again; undefined where the problem does not say. */
export function useSecondsLeft(problem: unknown): number | undefined {
  const seconds = problem instanceof Problem ? problem.retryAfter : undefined;
  const [left, setLeft] = useState(seconds);
  useEffect(() => {
    setLeft(seconds);
    if (seconds === undefined) return;
    const until = Date.now() + seconds * 1000;
    const timer = setInterval(() => {
      const now = Math.max(0, Math.ceil((until - Date.now()) / 1000));
      setLeft(now);
      if (now === 0) clearInterval(timer);
    }, 250);
    return () => clearInterval(timer);
  }, [problem, seconds]);
  return left;
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
      if (!(caught instanceof Cancelled)) setProblem(caught);
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  };
  return { run, busy, problem, clear: () => setProblem(undefined) };
}

/** A list that comes in pages. */
export interface Paged<T> extends Loaded<T[]> {
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
  const set = (items: T[]) => first.set({ items, next });
  return { data: first.data?.items, problem: first.problem, busy: first.busy, reload: first.reload, set, more };
}
