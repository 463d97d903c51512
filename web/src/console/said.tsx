import { useEffect, useRef, useState } from "preact/hooks";

import { Notice } from "../parts/notice.tsx";

/** What was done, in a sentence. */
export interface WasSaid {
  text: string | undefined;
  say: (text: string) => void;
  /** Counts up, so that the same sentence is said anew. */
  times: number;
}

export function useSaid(): WasSaid {
  const [{ text, times }, set] = useState<{ text?: string; times: number }>({ times: 0 });
  return { text, times, say: (next) => set((before) => ({ text: next, times: before.times + 1 })) };
}

/** Shows what was done, and takes the focus: the button that did it may be gone. */
export function Said({ said }: { said: WasSaid }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (said.times > 0) place.current?.focus();
  }, [said.times]);
  return (
    <div ref={place} tabIndex={-1} class="said">
      {said.text !== undefined && (
        <Notice key={said.times} kind="good">
          {said.text}
        </Notice>
      )}
    </div>
  );
}
