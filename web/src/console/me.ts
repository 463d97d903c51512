import { createContext } from "preact";
import { useContext } from "preact/hooks";

import type { Me } from "../shell/frame.tsx";

/** Who operates. Set around everything by the application. */
export const WhoAmI = createContext<Me | null>(null);

/** Who operates. */
export function useMe(): Me {
  const me = useContext(WhoAmI);
  if (!me) throw new Error("nobody is known here");
  return me;
}

/** Whether somebody with these scopes may do what asks for one of `wanted`. `admin` stands for all of them. */
export function may(scopes: string[], ...wanted: string[]): boolean {
  return scopes.includes("admin") || wanted.some((scope) => scopes.includes(scope));
}

/** Whether the operator may do what asks for one of `wanted`. */
export function useMay(...wanted: string[]): boolean {
  return may(useMe().scopes, ...wanted);
}
