import type { SectionProps } from "../sections.ts";
import { Delete } from "./delete.tsx";
import { Export } from "./export.tsx";

/** Everything that is held about the user: as a file, or gone. */
export function Data({ me }: SectionProps) {
  return (
    <>
      <Export />
      <Delete me={me} />
    </>
  );
}
