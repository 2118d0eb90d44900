import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

/** While developing, `vite dev` passes the endpoint on to a studio that runs on its usual port. */
const studio = process.env.STUDIO_URL ?? 'http://127.0.0.1:4000';

export default defineConfig({
  plugins: [tailwindcss(), sveltekit()],
  server: { host: '127.0.0.1', proxy: { '/graphql': { target: studio, ws: true } } },
});
