import { createClient as createSseClient } from 'graphql-sse';
import { createClient as createSocketClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStudio, type TestRun, type TestStudio } from './test-studio.ts';

let studio: TestStudio;
beforeAll(async () => {
  studio = await openStudio();
});
afterAll(() => studio.close());

const trainingMetrics =
  'subscription ($id: ID!, $after: String) { trainingMetrics(runId: $id, keys: ["loss"], after: $after) { cursor points { key step value } } }';

interface Batch {
  cursor: string;
  points: { key: string; step: number; value: number }[];
}

/** Reads batches until `enough`, or the end; leaving the loop unsubscribes. */
type Read = (run: TestRun, after: string | undefined, enough: (batch: Batch) => boolean) => Promise<Batch[]>;

async function collect(results: AsyncIterable<{ data?: unknown }>, enough: (batch: Batch) => boolean): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const { data } of results) {
    const batch = (data as { trainingMetrics: Batch }).trainingMetrics;
    batches.push(batch);
    if (enough(batch)) break;
  }
  return batches;
}

const overSocket: Read = async (run, after, enough) => {
  const client = createSocketClient({ url: `${studio.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket, retryAttempts: 0 });
  try {
    return await collect(client.iterate({ query: trainingMetrics, variables: { id: run.id, after } }), enough);
  } finally {
    await client.dispose();
  }
};

const overEvents: Read = async (run, after, enough) => {
  const client = createSseClient({ url: `${studio.url}/graphql`, retryAttempts: 0 });
  try {
    return await collect(client.iterate({ query: trainingMetrics, variables: { id: run.id, after } }), enough);
  } finally {
    client.dispose();
  }
};

const steps = (batches: Batch[]) => batches.flatMap((batch) => batch.points.map((point) => point.step));
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
const never = () => false;

describe.each([
  ['graphql-ws', overSocket],
  ['graphql-sse', overEvents],
])('a %s client', (_name, read) => {
  it('follows a run live, and goes on by cursor after a break, without gap or duplicate', async () => {
    const run = await studio.startRun(300, 60);
    const first = await read(run, undefined, (batch) => batch.points.some((point) => point.step === 60));
    const live = read(run, first.at(-1)?.cursor, (batch) => batch.points.some((point) => point.step >= 150));
    await run.release();
    const second = await live;
    const third = await read(run, second.at(-1)?.cursor, never);
    expect(steps([...first, ...second, ...third])).toEqual(upTo(300));
  });

  it('gets the whole curve of a run that has ended, and then the end', async () => {
    const run = await studio.startRun(40);
    await studio.ended(run);
    expect(steps(await read(run, undefined, never))).toEqual(upTo(40));
  });

  it('goes on behind what summary and series have shown', async () => {
    const run = await studio.startRun(100, 50);
    await read(run, undefined, (batch) => batch.points.some((point) => point.step === 50));
    const { data } = await studio.send<{ node: { metricsCursor: string; series: { buckets: { toStep: number }[] }[] } }>(
      'query ($id: ID!) { node(id: $id) { ... on Run { metricsCursor series(keys: ["loss"]) { buckets { toStep } } } } }',
      { id: run.id },
    );
    const shown = data.node.series.flatMap((series) => series.buckets.map((bucket) => bucket.toStep));
    const rest = read(run, data.node.metricsCursor, never);
    await run.release();
    expect([...shown, ...steps(await rest)]).toEqual(upTo(100));
  });
});

describe('run events', () => {
  it('tell states, log lines and checkpoints in order', async () => {
    const run = await studio.startRun(20);
    const client = createSocketClient({ url: `${studio.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    const kinds: string[] = [];
    const query =
      'subscription ($id: ID!) { runEvents(runId: $id) { cursor event { __typename ... on RunStateChanged { state run { name } } ... on LogLine { message level } ... on Checkpoint { id step } } } }';
    for await (const { data } of client.iterate<{
      runEvents: { event: { __typename: string; state?: string; message?: string; step?: number } };
    }>({ query, variables: { id: run.id } })) {
      const event = data?.runEvents.event;
      kinds.push([event?.__typename, event?.state ?? event?.message ?? event?.step].join(' '));
    }
    await client.dispose();
    expect(kinds).toEqual([
      'RunStateChanged QUEUED',
      'RunStateChanged STARTING',
      'RunStateChanged RUNNING',
      'LogLine step 10',
      'LogLine step 20',
      'Checkpoint 20',
      'RunStateChanged COMPLETED',
    ]);
  });
});

describe('a subscription that cannot be', () => {
  it.each([
    ['an id of nothing', { id: Buffer.from('Run:nothing').toString('base64') }, 'NOT_FOUND'],
    ['an id of another type', { id: Buffer.from('Experiment:x').toString('base64') }, 'NOT_FOUND'],
    ['no id at all', { id: 'x' }, 'NOT_FOUND'],
  ])('says so for %s', async (_name, variables, code) => {
    const client = createSocketClient({ url: `${studio.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    const first = await client.iterate({ query: trainingMetrics, variables }).next();
    expect(first).toMatchObject({ value: { errors: [{ message: expect.stringContaining('There is no run'), extensions: { code } }] } });
    await client.dispose();
    const overHttp = await studio.send(trainingMetrics, variables, { accept: 'application/json' });
    expect(overHttp.errors).toMatchObject([{ extensions: { code } }]);
  });

  it('says so for a bad cursor', async () => {
    const run = await studio.startRun(1);
    const { errors } = await studio.send(trainingMetrics, { id: run.id, after: 'x' }, { accept: 'application/json' });
    expect(errors).toMatchObject([{ message: expect.stringContaining('not a cursor'), extensions: { code: 'BAD_USER_INPUT' } }]);
  });
});

describe('leaving', () => {
  it('stops the stream at once, over socket and events', async () => {
    const run = await studio.startRun(20, 10);
    const streams = countStreams(studio);
    await overSocket(run, undefined, (batch) => batch.points.some((point) => point.step === 10));
    await overEvents(run, undefined, (batch) => batch.points.some((point) => point.step === 10));
    await expect.poll(() => streams()).toEqual({ opened: 2, ended: 2 });
    await run.release();
  });
});

/** Counts how many metric streams of core were opened, and how many have ended. */
function countStreams({ studio: { streams } }: TestStudio): () => { opened: number; ended: number } {
  const counts = { opened: 0, ended: 0 };
  const original = streams.trainingMetrics.bind(streams);
  streams.trainingMetrics = (...args) => {
    counts.opened++;
    return (async function* () {
      try {
        yield* original(...args);
      } finally {
        counts.ended++;
      }
    })();
  };
  return () => ({ ...counts });
}
