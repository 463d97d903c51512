import { Problem } from "@durward/client";
import { useRef, useState } from "preact/hooks";

import { Notice } from "../parts/notice.tsx";
import { boot } from "../shell/boot.ts";
import { Flow } from "./flow.tsx";
import { PasswordStep } from "./password.tsx";
import { SignedIn, useSignedIn } from "./signed-in.tsx";
import { say } from "./texts.ts";
import type { Typed } from "./typed.ts";

/** Why somebody was sent here, in words: the code of what ended their session. */
function reason(): string | undefined {
  const code = new URLSearchParams(location.search).get("reason");
  if (!code) return undefined;
  return say.find(`reason.${code}`) ?? (code.startsWith("token_") ? say("reason.token_expired") : undefined);
}

/** The sign-in page. */
export function Login({ typed }: { typed: Typed }) {
  const [values, setValues] = useState({ email: typed.email, password: typed.password });
  const [notice, setNotice] = useState(reason);
  const [focus, setFocus] = useState(typed.focus);
  const now = useRef(values);
  now.current = values;
  const signedIn = useSignedIn(() => now.current.email === "" && now.current.password === "");
  if (signedIn.email !== undefined) return <SignedIn email={signedIn.email} onSignedOut={signedIn.forget} />;
  const first = boot.error && new Problem(0, { code: boot.error.code, retry_after: boot.error.retryAfter });
  const over = (why?: string) => {
    setNotice(why);
    setFocus(undefined);
  };
  return (
    <Flow email={values.email} onOver={over}>
      {(onAnswer) => (
        <>
          {notice && <Notice kind="warn">{notice}</Notice>}
          <PasswordStep
            values={values}
            focus={focus}
            first={first}
            onValues={setValues}
            onAnswer={async (answer) => {
              setNotice(undefined);
              await onAnswer(answer);
            }}
          />
        </>
      )}
    </Flow>
  );
}
