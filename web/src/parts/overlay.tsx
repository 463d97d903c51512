import type { VNode } from "preact";
import { useState } from "preact/hooks";

let put: ((content: VNode | null) => void) | undefined;

/**
 * Shows something over whatever page there is, such as a dialog that is asked for outside of any component; null takes it away.
 *
 * It belongs to the page's one tree: in a tree of its own its ids would be those of the page.
 */
export function showOverlay(content: VNode | null): void {
  put?.(content);
}

/** The place for it; `mount` puts it on every page. */
export function Overlay() {
  const [content, setContent] = useState<VNode | null>(null);
  put = setContent;
  return content;
}
