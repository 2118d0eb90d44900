import type { Failure } from './answer.ts';
import type { Exchange } from './provider-server.ts';

/** Sends what a failure of the wire does to a whole reply. @returns false when this failure is none of those */
export function sendSpoiled(exchange: Exchange, failure: Failure | undefined): boolean {
  switch (failure?.type) {
    case 'reset':
      exchange.reset();
      return true;
    case 'neverAnswers':
      return true;
    case 'malformedJson':
      exchange.sendText(200, '{"choices":[{"message":{"cont', { 'content-type': 'application/json' });
      return true;
    case 'wrongContentType':
      exchange.sendText(200, '<!doctype html><title>Sign in</title>', { 'content-type': 'text/html; charset=utf-8' });
      return true;
    case 'emptyReply':
      exchange.send(200, {});
      return true;
    case undefined:
    default:
      return false;
  }
}
