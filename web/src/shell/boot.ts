/** What the server put into the page: `<script type="application/json" id="boot">`, made by `crates/http/src/ui/shell.rs`. */
export interface Boot {
  /** Which page this is. */
  page: string;
  /** The language it is in (BCP 47). */
  lang: string;
  /** The languages there are, each with its own name for itself. */
  languages: { code: string; name: string }[];
  /** The texts of this page's areas. */
  texts: Record<string, Record<string, string>>;
  brand: { name: string; logo: boolean };
  /** Where to go after signing in, judged by the server; empty where nothing else was asked for. */
  returnTo: string;
  /** Where to go when nothing else was asked for. */
  afterLogin: string;
  features: {
    registration: boolean;
    verifyEmail: boolean;
    passkeys: boolean;
    mail: boolean;
    trustDevice: boolean;
    environment: string;
  };
  version: string;
  /** What was wrong with a form that came without JavaScript. */
  error?: { code: string; retryAfter?: number };
}

function read(): Boot {
  const found = document.getElementById("boot");
  if (!found?.textContent) throw new Error("the page has no boot data");
  return JSON.parse(found.textContent) as Boot;
}

export const boot: Boot = read();
