import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Dialog } from "../parts/dialog.tsx";
import { common } from "../shell/texts.ts";
import { say } from "./texts.ts";

/** From here on there is room for the list beside the conversation; `chat.css` has the same. */
const WIDE = "(min-width: 801px)";

/** Whether there is room for the list beside the conversation. */
export function useWide(): boolean {
  const [wide, setWide] = useState(() => matchMedia(WIDE).matches);
  useEffect(() => {
    const query = matchMedia(WIDE);
    const look = () => setWide(query.matches);
    query.addEventListener("change", look);
    return () => query.removeEventListener("change", look);
  }, []);
  return wide;
}

/** The list over the conversation, where there is no room beside it. */
export function Drawer({ onClose, children }: { onClose: () => void; children: ComponentChildren }) {
  return (
    <Dialog title={say("conversations")} onClose={onClose}>
      {children}
      <Button onClick={onClose}>{common("close")}</Button>
    </Dialog>
  );
}
