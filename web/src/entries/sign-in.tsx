import "../styles/sign-in.css";

import { boot } from "../shell/boot.ts";
import { mount } from "../shell/mount.tsx";
import { Entrance } from "../sign-in/entrance.tsx";
import { Login } from "../sign-in/login.tsx";
import { readTyped } from "../sign-in/typed.ts";

/** Who comes to sign in loads nothing but that. */
async function page() {
  if (boot.page === "login") return <Login typed={readTyped()} />;
  const { others } = await import("../sign-in/others.tsx");
  const Page = others[boot.page];
  return Page && <Page />;
}

// A page that comes back out of the browser's memory stands where it was left: busy with a sign-in that is long done.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

mount(<Entrance>{await page()}</Entrance>);
