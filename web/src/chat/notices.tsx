import type { ChatSocket } from "@durward/client";
import { useEffect, useState } from "preact/hooks";

import { Button } from "../parts/button.tsx";
import { useLoaded } from "../parts/use.ts";
import { announce } from "../shell/announce.ts";
import { boot } from "../shell/boot.ts";
import { server } from "../shell/server.ts";
import { say } from "./texts.ts";
import { worker } from "./worker.ts";

/** How much of an answer a notice shows. */
const SHOWN = 160;

/**
 * Notices of the system for answers that come while nobody looks at the page: when the browser's user has allowed them, and
 * the account's setting `notifications_enabled` is on. Shows the button that asks, or why there are none.
 */
export function Notices({ socket, onShow }: { socket: ChatSocket; onShow: (id: string) => void }) {
  const supported = "Notification" in window && "serviceWorker" in navigator;
  const [permission, setPermission] = useState(() => (supported ? Notification.permission : "denied"));
  const settings = useLoaded((signal) => server.get("/api/v1/settings", { signal }), []);
  const wanted = settings.data?.["notifications_enabled"] !== false;
  const on = supported && wanted && settings.data !== undefined && permission === "granted";
  useEffect(() => {
    if (!on) return;
    return socket.on("done", ({ thread, answer }) => {
      if (document.hidden && thread.id) void notify(thread.id, answer);
    });
  }, [on, socket]);
  useEffect(() => {
    // The setting may have been changed in another tab.
    const looked = () => {
      if (!document.hidden) void settings.reload();
    };
    document.addEventListener("visibilitychange", looked);
    return () => document.removeEventListener("visibilitychange", looked);
  }, [settings.reload]);
  useEffect(() => {
    if (!supported) return;
    // Somebody has opened a notice, and the worker found this page.
    const asked = ({ data }: MessageEvent<{ show?: string }>) => {
      const id = data.show?.split("/").at(-1);
      if (id) onShow(id);
    };
    navigator.serviceWorker.addEventListener("message", asked);
    return () => navigator.serviceWorker.removeEventListener("message", asked);
  });
  if (!supported || !settings.data) return null;
  if (!wanted) {
    return (
      <a class="small" href="/account/settings">
        {say("notices.off")}
      </a>
    );
  }
  if (permission === "granted") return <span class="small muted">{say("notices.on")}</span>;
  if (permission === "denied") return <span class="small muted">{say("notices.denied")}</span>;
  const ask = async () => {
    const answer = await Notification.requestPermission();
    setPermission(answer);
    if (answer !== "default") announce(say(answer === "granted" ? "notices.on" : "notices.denied"));
  };
  return (
    <Button class="slim" onClick={() => void ask()}>
      {say("notices.ask")}
    </Button>
  );
}

async function notify(id: string, answer: string): Promise<void> {
  const registration = await worker();
  const body = answer.length > SHOWN ? `${answer.slice(0, SHOWN)}…` : answer;
  await registration?.showNotification(say("notices.title", { name: boot.brand.name }), {
    body,
    // A newer answer takes the place of an older one in the same conversation.
    tag: id,
    lang: boot.lang,
    icon: boot.brand.logo ? "/ui/logo" : "/ui/icon.svg",
    data: { url: `/chat/${id}` },
  });
}
