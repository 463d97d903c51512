import type { ChatState, Why } from "@durward/client";
import { useEffect, useRef, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { Notice } from "../parts/notice.tsx";
import { announce } from "../shell/announce.ts";
import { signInUrl } from "../shell/server.ts";
import { common } from "../shell/texts.ts";
import { say } from "./texts.ts";

/** What can be done about an end that lasts. */
type Cure = "sign_in" | "reload" | "none";

const CURES: Record<string, Cure> = {
  account_inactive: "none",
  origin_denied: "none",
  protocol_error: "reload",
  user_changed: "reload",
};

/** How the connection is, in words, and what to do where it has ended for good. */
export function StateLine({ state, onTryNow, onLeave }: { state: ChatState; onTryNow: () => void; onLeave: () => void }) {
  // Read out when it changes: without the seconds, and not again with each try. The first connection needs no words, and an
  // end is read out by itself.
  const trouble = state.is === "waiting" ? because(state.why, state.offline) : undefined;
  const said = useRef<string>(undefined);
  useEffect(() => {
    if (trouble && trouble !== said.current) announce(trouble);
    if (state.is === "connected" && said.current) announce(say("state.connected"));
    if (state.is !== "connecting") said.current = trouble;
  }, [trouble, state.is]);
  if (state.is === "ended") return <Ended why={state.why} onTryNow={onTryNow} onLeave={onLeave} />;
  return (
    <p class="chat-state" data-state={state.is === "waiting" && state.offline ? "offline" : state.is}>
      {state.is === "waiting" ? (
        <>
          <span>
            {because(state.why, state.offline)} <Countdown until={state.until} />
          </span>
          <Button class="slim" onClick={onTryNow}>
            {say("try_now")}
          </Button>
        </>
      ) : (
        <span>{say(state.is === "connected" ? "state.connected" : "state.connecting")}</span>
      )}
    </p>
  );
}

function because(why: Why, offline: boolean): string {
  if (offline) return say("state.offline");
  return say.find(`waiting.${why.reason}`) ?? say("waiting.network");
}

/** The seconds until something, as they pass. */
function Countdown({ until }: { until: number }) {
  const left = () => Math.max(0, Math.ceil((until - Date.now()) / 1_000));
  const [seconds, setSeconds] = useState(left);
  useEffect(() => {
    setSeconds(left());
    const timer = setInterval(() => setSeconds(left()), 250);
    return () => clearInterval(timer);
  }, [until]);
  return <span class="number">{say("state.again", { seconds })}</span>;
}

function Ended({ why, onTryNow, onLeave }: { why: Why; onTryNow: () => void; onLeave: () => void }) {
  const cure = CURES[why.reason] ?? "sign_in";
  return (
    <div class="chat-ended" data-state="ended" data-reason={why.reason}>
      <Notice kind="bad">
        <div class="stack">
          <p>
            <strong>{say.find(`ended.${why.reason}`) ?? say("ended.other", { reason: why.reason })}</strong>
          </p>
          <p>{say.find(`cure.${why.reason}`) ?? say(`cure.${cure}`)}</p>
          <div class="row">
            {cure === "sign_in" && (
              <a class="button primary" href={signInUrl(why.reason)} onClick={onLeave}>
                {say("sign_in_again")}
              </a>
            )}
            {cure === "reload" && (
              <Button
                kind="primary"
                onClick={() => {
                  onLeave();
                  location.reload();
                }}
              >
                {say("reload")}
              </Button>
            )}
            <Button onClick={onTryNow}>{common("retry")}</Button>
          </div>
        </div>
      </Notice>
    </div>
  );
}
