import type { Plugin } from 'graphql-yoga';

/**
 * Accepts POST bodies as JSON only. A page of another site can send the other kinds (forms, plain text) without asking
 * the browser's permission first, and could change something with them (cross-site request forgery).
 */
export function useJsonRequests(): Plugin {
  return {
    onRequestParse({ request, endResponse, fetchAPI }) {
      if (request.method !== 'POST') return;
      const contentType = request.headers.get('content-type')?.split(';')[0]?.trim().toLowerCase() ?? '';
      if (contentType === 'application/json' || contentType === 'application/graphql+json') return;
      const message = `POST bodies are accepted with "content-type: application/json" only; this one came ${contentType ? `as "${contentType}"` : 'without a content type'}.`;
      endResponse(fetchAPI.Response.json({ errors: [{ message, extensions: { code: 'UNSUPPORTED_MEDIA_TYPE' } }] }, { status: 415 }));
    },
  };
}
