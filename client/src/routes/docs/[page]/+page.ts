import { error } from '@sveltejs/kit';
import { guides, readGuide } from '$lib/docs/pages.ts';
import { render } from '$lib/docs/markdown.ts';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params }) => {
  const text = await readGuide(params.page);
  if (text === null) error(404, 'There is no guide of that name.');
  return { page: params.page, title: guides.find(({ page }) => page === params.page)?.title ?? params.page, html: render(text) };
};
