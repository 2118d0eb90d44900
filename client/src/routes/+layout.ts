// The page is drawn in the browser only: the api serves files, it does not run Svelte.
export const ssr = false;
export const prerender = false;
