/** How the lines of a chart are broken up, in pixels: who cannot tell colours apart goes by these. */
export const DASHES: number[][] = [[], [8, 4], [2, 3], [12, 3, 2, 3], [4, 4], [16, 4], [8, 3, 2, 3, 2, 3], [1, 5]];
