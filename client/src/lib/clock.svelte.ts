import { createSubscriber } from 'svelte/reactivity';

const everySecond = createSubscriber((update) => {
  const timer = setInterval(update, 1000);
  return () => clearInterval(timer);
});

/** The current time; whoever reads it in a template is drawn again each second. */
export const clock = {
  get now(): Date {
    everySecond();
    return new Date();
  },
};
