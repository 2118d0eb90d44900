import adapter from '@sveltejs/adapter-static';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

/** A single page that the api serves for every path that is not a file; precompressed beside each file. */
export default {
  preprocess: vitePreprocess(),
  kit: { adapter: adapter({ pages: 'build', assets: 'build', fallback: 'index.html', precompress: true }) },
};
