import { once } from 'node:events';
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { endlessMetrics, openStudio, settled, type TestRun, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio({ limits: { keepAliveSeconds: 0.2 } });
});
afterAll(() => studio.close());

interface ServerSentEvent {
  id?: string;
  event?: string;
  data: string;
}

/** Reads server-sent events as a browser's EventSource does, until `enough`, then cuts the connection. */
async function readEvents(
  run: TestRun,
  lastEventId: string | undefined,
  enough: (event: ServerSentEvent) => boolean,
): Promise<ServerSentEvent[]> {
  const query = 'subscription ($id: ID!) { trainingMetrics(runId: $id, keys: ["loss"]) { points { step } } }';
  const url = `${studio.url}/graphql?${new URLSearchParams({ query, variables: JSON.stringify({ id: run.id }) })}`;
  const controller = new AbortController();
  const response = await fetch(url, {
    headers: { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) },
    signal: controller.signal,
  });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const events: ServerSentEvent[] = [];
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const lines = text
        .slice(0, end)
        .split('\n')
        .filter((line) => !line.startsWith(':'));
      text = text.slice(end + 2);
      if (lines.length === 0) continue;
      const event: ServerSentEvent = Object.fromEntries(lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2)));
      events.push(event);
      if (enough(event)) {
        controller.abort();
        return events;
      }
    }
  }
  return events;
}

interface Payload {
  data: { trainingMetrics: { points: { step: number }[] } };
}

function stepsOf(events: ServerSentEvent[]): number[] {
  return events.flatMap(({ event, data }) => {
    if (event !== 'next') return [];
    const payload: Payload = JSON.parse(data);
    return payload.data.trainingMetrics.points.map((point) => point.step);
  });
}

describe('server-sent events', () => {
  it('carry the cursor as id, though the document does not ask for it, and go on behind Last-Event-ID', async () => {
    const run = await studio.startRun(200, 80);
    const first = await readEvents(run, undefined, (event) => stepsOf([event]).includes(80));
    expect(first.every(({ id }) => id !== undefined)).toBe(true);
    const live = readEvents(run, first.at(-1)?.id, (event) => stepsOf([event]).some((step) => step >= 100));
    await run.release();
    const second = await live;
    const third = await readEvents(run, second.at(-1)?.id, () => false);
    expect(stepsOf([...first, ...second, ...third])).toEqual(Array.from({ length: 200 }, (_, index) => index + 1));
    expect(third.at(-1)).toEqual({ event: 'complete', data: '' });
  });

  it('wait for a reader that does not read', async () => {
    const metrics = endlessMetrics(studio);
    const run = await studio.startRun(1);
    const url = `${studio.url}/graphql?query=${encodeURIComponent(`subscription { trainingMetrics(runId: "${run.id}") { points { key } } }`)}`;
    const request = http.get(url, { headers: { accept: 'text/event-stream' } });
    const [response]: http.IncomingMessage[] = await once(request, 'response');
    response?.pause();
    await expect.poll(metrics.given).toBeGreaterThan(0);
    await settled(metrics.given);
    expect(metrics.given()).toBeLessThan(20);
    const before = metrics.given();
    response?.resume();
    await expect.poll(metrics.given).toBeGreaterThan(before + 5);
    request.destroy();
    await settled(metrics.given);
    metrics.restore();
  });

  it('say something now and then, so that nobody takes the connection for dead', async () => {
    const run = await studio.startRun(10, 5);
    const comments = await new Promise<number>((resolve) => {
      let count = 0;
      const url = `${studio.url}/graphql?query=${encodeURIComponent(`subscription { trainingMetrics(runId: "${run.id}") { cursor } }`)}`;
      const request = http.get(url, { headers: { accept: 'text/event-stream' } }, (response) => {
        response.on('data', (chunk: Buffer) => {
          count += chunk
            .toString()
            .split('\n')
            .filter((line) => line === ':').length;
          if (count < 4) return;
          request.destroy();
          resolve(count);
        });
      });
    });
    expect(comments).toBeGreaterThanOrEqual(4);
    await run.release();
  });
});
