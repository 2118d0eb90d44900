/** Rows of a batch that are asked at a time. */
export const usualConcurrency = 4;
export const mostConcurrency = 64;
/** Batches of a project that have not ended. */
export const mostUnfinished = 20;
/** Batches whose rows a server asks at a time; others wait. */
export const mostAtWork = 4;
/** Rows that are read, rendered and written down at once. */
export const rowsAWindow = 100;
