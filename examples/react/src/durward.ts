import { Http } from "@durward/client";

/** Where the server is. Its `cors.allowed_origins` has to name the origin of this page. */
const SERVER: string = import.meta.env["VITE_DURWARD"] ?? "http://localhost:8000";

export const durward = new Http({ baseUrl: SERVER });

/** The server's sign-in page, which leads back here. */
export function signInUrl(): string {
  return `${SERVER}/login?${new URLSearchParams({ return_to: location.href })}`;
}
