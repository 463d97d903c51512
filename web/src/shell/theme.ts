/** Light, dark, or as the system has it. */
export type Theme = "auto" | "light" | "dark";

const YEAR = 31_536_000;

/** Remembers a choice that the server reads as well, so that its pages come as they are wanted. */
function remember(name: string, value: string): void {
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `${name}=${value}; Path=/; Max-Age=${YEAR}; SameSite=Lax${secure}`;
}

export function theme(): Theme {
  const set = document.documentElement.dataset.theme;
  return set === "light" || set === "dark" ? set : "auto";
}

export function setTheme(to: Theme): void {
  document.documentElement.dataset.theme = to;
  remember("theme", to);
}

/** The page comes anew in that language. */
export function setLanguage(code: string): void {
  remember("language", code);
  location.reload();
}
