/** Is called often by work that may take long, with a sentence on how far it is. */
export type Report = (message: () => string) => void;

/** Quick work says nothing. Milliseconds. */
const interval = 5000;

/** Passes one sentence on in so much time at most, the first when so much time has gone by. */
export function occasionally(tell: (message: string) => void, every = interval): Report {
  let last = performance.now();
  return (message) => {
    const now = performance.now();
    if (now - last < every) return;
    last = now;
    tell(message());
  };
}

export const silently: Report = () => undefined;

/** `120 of 830 MB` */
export const megabytes = (done: number, total: number): string => `${Math.round(done / 1e6)} of ${Math.round(total / 1e6)} MB`;
