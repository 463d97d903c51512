import { useLocation } from "preact-iso";

import { Heading } from "../shell/frame.tsx";

let first = true;
let shown = "";

/** The heading of a section. It takes the focus when the application has moved here, not when the page was opened. */
export function Title({ children }: { children: string }) {
  const { path } = useLocation();
  const moved = !first && shown !== path;
  first = false;
  shown = path;
  return <Heading focus={moved}>{children}</Heading>;
}
