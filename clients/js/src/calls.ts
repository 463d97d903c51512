import type { paths } from "./schema.d.ts";

/** The methods that are called. */
export type Verb = "get" | "post" | "put" | "patch" | "delete";
/** Parameters by their names; those without a value are left out. */
export type Params = Record<string, string | number | boolean | undefined | null>;

/** The paths that have an operation under this verb, from the OpenAPI document. */
export type PathFor<V extends Verb> = {
  [P in keyof paths]: paths[P] extends Record<V, infer O> ? ([O] extends [undefined] ? never : P) : never;
}[keyof paths] &
  string;

type Operation<V extends Verb, P extends PathFor<V>> = paths[P] extends Record<V, infer O> ? O : never;
type JsonOf<C> = C extends { content: { "application/json": infer J } } ? J : never;

/** What a call gives when it succeeds; undefined where the answer has no body. */
export type Answer<V extends Verb, P extends PathFor<V>> =
  Operation<V, P> extends { responses: infer R }
    ? [JsonOf<R[Extract<keyof R, 200 | 201 | 202>]>] extends [never]
      ? undefined
      : JsonOf<R[Extract<keyof R, 200 | 201 | 202>]>
    : never;

/** What a call takes as its body. */
export type Body<V extends Verb, P extends PathFor<V>> =
  Operation<V, P> extends { requestBody?: infer B } ? JsonOf<NonNullable<B>> : undefined;

/** What goes with a call. */
export interface Call<V extends Verb, P extends PathFor<V>> {
  path?: Params;
  query?: Params;
  body?: Body<V, P>;
  signal?: AbortSignal;
}
