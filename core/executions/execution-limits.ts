/** How long an execution may take with all its attempts, unless it says otherwise. Seconds. */
export const defaultTimeLimit = 120;
export const longestTimeLimit = 600;
/** How often a model is asked before an execution is given up. */
export const defaultAttempts = 3;
export const mostAttempts = 10;
/** Of all variables together, as JSON. UTF-16 units. */
export const longestVariables = 1_000_000;
/** Of everything that is sent to a model. UTF-16 units. */
export const longestQuestion = 2_000_000;
/** Of an answer: a model that writes on for ever is stopped. UTF-16 units. */
export const longestOutput = 4_000_000;
/** Characters of a session's and a subject's name. */
export const longestName = 200;
/** Executions that are under way at the same time on one server. */
export const mostInProject = 500;
export const mostOnServer = 1000;
/** For so long an execution is its server's, unless that says that it is still at it. Milliseconds. */
export const lease = 30_000;
