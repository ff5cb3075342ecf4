/** What of a model is on the GPU: one layer at a time, as much as the budget holds, or all of it. */
export type Residency = 'strict' | 'streaming' | 'resident';

export const RESIDENCIES: readonly Residency[] = ['strict', 'streaming', 'resident'];
