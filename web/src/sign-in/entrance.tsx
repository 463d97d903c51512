import type { ComponentChildren } from "preact";

import { Choices } from "../parts/choices.tsx";
import { boot } from "../shell/boot.ts";

/** What is around each of these pages, the same as in the server's `sign_in.html`. */
export function Entrance({ children }: { children: ComponentChildren }) {
  return (
    <>
      <main class="card stack entrance" id="main">
        <header class="brand not-on-paper">
          <img src={boot.brand.logo ? "/ui/logo" : "/ui/icon.svg"} alt="" width="28" height="28" />
          <span>{boot.brand.name}</span>
        </header>
        {children}
      </main>
      <footer class="entrance-foot not-on-paper">
        <Choices />
      </footer>
    </>
  );
}
