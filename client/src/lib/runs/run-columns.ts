/** The columns of the runs list on wide screens: run, progress, curve, loss, time. */
export const runColumns = 'md:grid-cols-[minmax(0,1fr)_9rem_6rem_4.5rem_7.5rem] gap-x-6';
