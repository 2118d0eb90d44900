import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A dataset or a model on a Hub of one's own. */
export interface ServedRepository {
  /** Branch or tag → commit. */
  revisions: Record<string, string>;
  files: Record<string, Buffer>;
  /** Who may see it: everybody; only with this token; nobody yet. */
  access?: { token: string } | 'gated';
}

export interface HubServer {
  url: string;
  /** What was asked of the Hub, and of the storage that it sends to for files. */
  requests: { place: 'hub' | 'storage'; path: string; range?: string; authorization?: string }[];
  datasets: Record<string, ServedRepository>;
  models: Record<string, ServedRepository>;
  /**
   * Answers the next requests to the storage in another way, one each: a status, broken off after so many bytes, or silent after them.
   * With `of` only those for files whose name ends so.
   */
  mishaps: ({ of?: string } & ({ status: number } | { breakAfter: number } | { stallAfter: number } | { content: Buffer }))[];
  close(): Promise<void>;
}

/** Entries of one page of a listing. */
const pageSize = 2;

/** Speaks the protocol of the Hugging Face Hub over real sockets on 127.0.0.1: revision, tree with pages, resolve by way of a storage. */
export async function startHubServer(): Promise<HubServer> {
  const storage = await listen((request, response) => serveStored(hub, request, response));
  const server = await listen((request, response) => serveHub(hub, storage.url, request, response));
  const hub: HubServer = {
    url: server.url,
    requests: [],
    datasets: {},
    models: {},
    mishaps: [],
    close: async () => {
      await Promise.all([storage.close(), server.close()]);
    },
  };
  return hub;
}

function serveHub(hub: HubServer, storageUrl: string, request: IncomingMessage, response: ServerResponse): void {
  const { pathname: path, searchParams } = new URL(request.url ?? '/', hub.url);
  const { range, authorization } = request.headers;
  hub.requests.push({ place: 'hub', path, ...(range && { range }), ...(authorization && { authorization }) });
  // Models have no word before their name outside of the API.
  const [, kindOf = 'models', id = '', rest = ''] =
    /^(?:\/api)?\/(?:(datasets|models)\/)?([^/]+\/[^/]+)\/((?:revision|tree|resolve)\/.*)$/.exec(path) ?? [];
  const repository = hub[kindOf === 'datasets' ? 'datasets' : 'models'][id];
  const isMember =
    repository?.access !== undefined && repository.access !== 'gated' && authorization === `Bearer ${repository.access.token}`;
  if (!repository || (repository.access !== undefined && repository.access !== 'gated' && !isMember)) {
    // The Hub does not say whether something exists to whom it does not know.
    const status = authorization ? 404 : 401;
    json(response, status, { error: status === 404 ? 'Repository not found' : 'Invalid username or password.' });
    return;
  }
  const [, kind, revision = '', file = ''] = /^(revision|tree|resolve)\/([^/]+)\/?(.*)$/.exec(rest) ?? [];
  const commit = repository.revisions[revision] ?? Object.values(repository.revisions).find((value) => value === revision);
  if (commit === undefined) json(response, 404, { error: `Invalid rev id: ${revision}` });
  else if (kind === 'revision')
    json(response, 200, { _id: '1', id, sha: commit, private: false, gated: false, downloads: 0, likes: 0, lastModified: 0 });
  else if (kind === 'tree') serveTree(hub, path, repository, Number(searchParams.get('cursor') ?? 0), response);
  else if (repository.access === 'gated') json(response, 403, { error: 'Access to it is restricted.' });
  else redirect(response, `${storageUrl}/${kindOf}/${id}/${file}`, repository.files[file]);
}

function serveTree({ url }: HubServer, path: string, { files }: ServedRepository, from: number, response: ServerResponse): void {
  const entries = Object.entries(files).map(([name, content]) => {
    const entry = { type: 'file', path: name, size: content.length, oid: blobId(content) };
    return content.length > 100 ? { ...entry, lfs: { oid: sha256(content), size: content.length, pointerSize: 130 } } : entry;
  });
  if (from + pageSize < entries.length) {
    response.setHeader('Link', `<${url}${path}?recursive=true&expand=false&cursor=${from + pageSize}>; rel="next"`);
  }
  json(response, 200, [{ type: 'directory', path: 'data', size: 0, oid: '0' }, ...entries.slice(from, from + pageSize)]);
}

function redirect(response: ServerResponse, location: string, content: Buffer | undefined): void {
  if (!content) {
    response.setHeader('X-Error-Code', 'EntryNotFound');
    json(response, 404, { error: 'Entry not found' });
    return;
  }
  response.writeHead(302, { Location: location, 'X-Linked-Size': content.length, 'X-Linked-ETag': `"${sha256(content)}"` }).end();
}

function serveStored(hub: HubServer, request: IncomingMessage, response: ServerResponse): void {
  const path = decodeURIComponent(request.url ?? '/').slice(1);
  const { range, authorization } = request.headers;
  hub.requests.push({ place: 'storage', path, ...(range && { range }), ...(authorization && { authorization }) });
  const [kind, owner, name, ...file] = path.split('/');
  const stored = hub[kind === 'datasets' ? 'datasets' : 'models'][`${owner ?? ''}/${name ?? ''}`]?.files[file.join('/')];
  // Only what asks for content can go wrong, not the look at the size before it.
  const next = range === 'bytes=0-0' ? -1 : hub.mishaps.findIndex(({ of = '' }) => path.endsWith(of));
  const [mishap] = next < 0 ? [] : hub.mishaps.splice(next, 1);
  if (!stored || (mishap && 'status' in mishap)) {
    response.writeHead(mishap && 'status' in mishap ? mishap.status : 404).end();
    return;
  }
  const content = mishap && 'content' in mishap ? mishap.content : stored;
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? '') ?? [];
  const part = first === undefined ? content : content.subarray(Number(first), Number(last) + 1);
  response.setHeader('ETag', `"${sha256(content)}"`);
  if (first !== undefined) response.setHeader('Content-Range', `bytes ${first}-${Number(first) + part.length - 1}/${content.length}`);
  response.writeHead(first === undefined ? 200 : 206, { 'Content-Length': part.length });
  if (mishap && 'breakAfter' in mishap) response.write(part.subarray(0, mishap.breakAfter), () => response.destroy());
  else if (mishap && 'stallAfter' in mishap) response.write(part.subarray(0, mishap.stallAfter));
  else response.end(part);
}

/** git's name for a file. */
const blobId = (content: Buffer): string => createHash('sha1').update(`blob ${content.length}\0`).update(content).digest('hex');

const sha256 = (content: Buffer): string => createHash('sha256').update(content).digest('hex');

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json; charset=utf-8' }).end(JSON.stringify(body));
}

async function listen(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<{ url: string; close: () => Promise<void> }> {
  const server: Server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address: AddressInfo | string | null = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${address.port}`, close };
}
