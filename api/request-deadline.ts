import type { IncomingMessage } from 'node:http';

/** Ends a connection whose request has not come whole in time. Uploads have a limit of their own: they may take hours. */
export function endSlowRequest(request: IncomingMessage, seconds: number): void {
  const timer = setTimeout(() => {
    if (!request.complete) request.destroy();
  }, seconds * 1000).unref();
  request.once('close', () => clearTimeout(timer));
}
