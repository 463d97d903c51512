import "../styles/index.css";

import { type ComponentChildren, render } from "preact";

import { Overlay } from "../parts/overlay.tsx";

/** Puts an application in the place of what the server rendered. */
export function mount(app: ComponentChildren): void {
  const root = document.getElementById("app");
  if (!root) throw new Error("the page has no #app");
  root.textContent = "";
  render(
    <>
      {app}
      <Overlay />
      <div id="announcements" class="unseen" role="status" aria-live="polite" />
    </>,
    root,
  );
}
