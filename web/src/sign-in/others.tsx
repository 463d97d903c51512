import type { FunctionComponent } from "preact";

import { ConfirmEmail } from "./confirm-email.tsx";
import { Forgot } from "./forgot.tsx";
import { Register } from "./register.tsx";
import { Reset } from "./reset.tsx";
import { VerifyEmail } from "./verify-email.tsx";

/** The pages of this application besides the sign-in, by their names in the boot data. */
export const others: Record<string, FunctionComponent> = {
  register: Register,
  forgot: Forgot,
  reset: Reset,
  verify: VerifyEmail,
  confirm: ConfirmEmail,
};
