export { Codes } from "./codes.tsx";
export { Setup } from "./setup.tsx";
