import { Busy, Failure } from "../../parts/notice.tsx";
import { useLoaded, usePaged } from "../../parts/use.ts";
import { server } from "../../shell/server.ts";
import { common } from "../../shell/texts.ts";
import { More } from "../more.tsx";
import { t } from "../text.ts";
import { type Device, DeviceCard } from "./device-card.tsx";

/** The devices that the account is used on: name, trust, and what a sign-in on each has to show. */
export function Devices() {
  const list = usePaged((cursor, signal) => server.get("/api/v1/devices", { query: { cursor, limit: 20 }, signal }), []);
  const factors = useLoaded((signal) => server.get("/api/v1/2fa", { signal }), []);
  if (list.problem !== undefined) return <Failure problem={list.problem} again={() => void list.reload()} />;
  if (!list.data) return <Busy />;
  const devices = list.data;
  const changed = (device: Device) => list.set(devices.map((one) => (one.id === device.id ? device : one)));
  const forgotten = (id: string) => list.set(devices.filter((one) => one.id !== id));
  return (
    <>
      <p>{t("devices.text")}</p>
      {devices.length === 0 && <p class="muted">{common("none")}</p>}
      {devices.map((device) => (
        <DeviceCard key={device.id} device={device} hasFactor={factors.data?.enabled ?? true} onChanged={changed} onForgotten={forgotten} />
      ))}
      <More list={list} />
    </>
  );
}
