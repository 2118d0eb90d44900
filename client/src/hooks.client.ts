import type { HandleClientError } from '@sveltejs/kit';

/** A mistyped address is shown as such and is no fault of the page; everything else is, and goes to the console. */
export const handleError: HandleClientError = ({ error, status, message }) => {
  if (status !== 404) console.error(error);
  return { message: error instanceof Error && status !== 404 ? error.message : message };
};
