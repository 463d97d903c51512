import { useEffect } from "preact/hooks";

import { announce } from "../shell/announce.ts";
import { Heading } from "../shell/frame.tsx";
import { common } from "../shell/texts.ts";
import { way } from "./ways.ts";

/** The end of something, and the way to the sign-in. */
export function Done({ heading, text }: { heading: string; text: string }) {
  useEffect(() => announce(text), [text]);
  return (
    <>
      <Heading focus>{heading}</Heading>
      <p>{text}</p>
      <a class="button primary wide" href={way("/login")}>
        {common("sign_in")}
      </a>
    </>
  );
}
