import { useMay } from "./me.ts";
import { t } from "./texts.ts";

/** A user by number or address, with a way to their page for those who may see it. */
export function UserLink({ id, email }: { id: number | null | undefined; email?: string | undefined }) {
  const readable = useMay("users:read");
  if (id === null || id === undefined) return <span class="muted">{email ?? t("nobody")}</span>;
  const name = email ?? t("user_number", { id });
  return readable ? <a href={`/console/users/${id}`}>{name}</a> : <span>{name}</span>;
}
