import { existsSync, readFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import sirv from 'sirv';
import { clientPolicy } from './security-headers.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

/**
 * Serves the built web client from `folder`: one page for every address that is no file, files named by their content kept by
 * browsers for ever, the page itself checked each time. Precompressed `.br` and `.gz` twins are used where they exist.
 */
export function serveClient(folder: string): Handler {
  const index = path.join(folder, 'index.html');
  if (!existsSync(index)) return notBuilt;
  const policy = clientPolicy(readFileSync(index, 'utf8'));
  const serve = sirv(folder, {
    single: true,
    brotli: true,
    gzip: true,
    etag: true,
    setHeaders(response, pathname) {
      response.setHeader('cache-control', pathname.startsWith('/_app/immutable/') ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
  return (request, response) => {
    // Here and not in `setHeaders`, which an answer 304 passes over: browsers take the headers of a 304 over into what they kept.
    response.setHeader('content-security-policy', policy);
    serve(request, response, () => notFound(response));
  };
}

function notFound(response: ServerResponse): void {
  response
    .writeHead(404, { 'content-type': 'text/plain; charset=utf-8' })
    .end('There is nothing here. The web client is at /, the GraphQL API at /graphql.\n');
}

const notBuilt: Handler = (request, response) => {
  if (request.url !== '/' && !request.headers.accept?.includes('text/html')) return notFound(response);
  response
    .writeHead(503, {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    })
    .end(notBuiltPage);
};

const notBuiltPage = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Anneal</title>
<style>:root { color-scheme: light dark } body { font: 1rem/1.6 system-ui, sans-serif; max-width: 36rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>The web client has not been built</h1>
<p>Stop the server and run <code>npm start</code>, which builds it, or <code>npm run build -w client</code> for the client alone. Then reload this page.</p>
<p>The GraphQL API is running: <a href="/graphql">/graphql</a>.</p>
</html>
`;
