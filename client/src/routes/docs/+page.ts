import { redirect } from '@sveltejs/kit';
import { guides } from '$lib/docs/pages.ts';

export const load = (): never => redirect(307, `/docs/${guides[0].page}`);
