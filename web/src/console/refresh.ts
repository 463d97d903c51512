import { useEffect, useRef, useState } from "preact/hooks";

/** Whether the page is being looked at. */
export function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const look = () => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return visible;
}

/**
 * Does something every so many milliseconds while the page is looked at and `on` holds; one at a time, and at once when the
 * page comes to the front again.
 */
export function useEvery(milliseconds: number, on: boolean, what: () => Promise<unknown>): void {
  const visible = useVisible();
  const latest = useRef(what);
  latest.current = what;
  const began = useRef(false);
  useEffect(() => {
    if (!visible || !on) return;
    let timer: ReturnType<typeof setTimeout>;
    let stopped = false;
    const again = async () => {
      await latest.current();
      if (!stopped) timer = setTimeout(() => void again(), milliseconds);
    };
    // What is shown was loaded by itself; only who comes back wants it at once.
    if (began.current) void again();
    else timer = setTimeout(() => void again(), milliseconds);
    began.current = true;
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [visible, on, milliseconds]);
}
