import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { measured, type Finding, type MeasureSpec } from '../measure.ts';
import { percentile } from '../statistics.ts';
import type { BenchStudio } from './bench-studio.ts';
import { connectProvider } from './provider.ts';

export const besideExecutions: MeasureSpec = {
  measure: 'plain query beside 200 executions in flight, over HTTP, p99',
  unit: 's',
  bar: { below: 0.1 },
};
export const cachedExecution: MeasureSpec = { measure: 'execution that is cached, in the server, p95', unit: 's', bar: { below: 0.02 } };

/** Between two pieces of an answer, and two plain queries. Milliseconds. */
const [pieceDelay, queryDelay] = [100, 20];
/** Executions that are begun together. */
const atOnce = 20;

const executeDocument = `mutation ($input: ExecuteWordingInput!) { executeWording(input: $input) {
  __typename ... on Error { message } ... on ExecuteWordingSuccess { data { id } } } }`;
const executedSchema = z.object({
  executeWording: z.object({ message: z.string().optional(), data: z.object({ id: z.string() }).optional() }),
});
const plainDocument = '{ runs(first: 20) { totalCount edges { node { id name state step progress experiment { name } } } } }';
const plainSchema = z.object({ runs: z.object({ totalCount: z.number() }) });

/**
 * Executions whose provider, a process of its own, writes a piece a tenth of a second to each; every one is followed over server-sent
 * events. Once all of them have brought text, a plain query is asked again and again, from this same process, while they go on.
 */
export async function measureBesideExecutions(bench: BenchStudio, inFlight: number, seconds: number): Promise<Finding> {
  // They go on while others begin, and for a while longer than is measured.
  const pieces = Array.from({ length: Math.ceil(((seconds + 40) * 1000) / pieceDelay) }, (_, index) => `word${index} `);
  const provider = await connectProvider(bench, { slow: { text: pieces, pieceDelayMilliseconds: pieceDelay } });
  try {
    const content = { template: 'Say something, slowly.', model: provider.modelId('slow') };
    const body = JSON.stringify({ query: executeDocument, variables: { input: { content, settings: { cache: 'BYPASS' } } } });
    const followed: Followed[] = [];
    while (followed.length < inFlight) {
      const ids = await Promise.all(Array.from({ length: Math.min(atOnce, inFlight - followed.length) }, () => begin(bench, body)));
      followed.push(...ids.map((id) => follow(bench, id)));
    }
    await Promise.all(followed.map(({ first }) => first));
    const query = JSON.stringify({ query: plainDocument });
    const taken: number[] = [];
    const cpu = process.cpuUsage();
    const begun = performance.now();
    while (performance.now() - begun < seconds * 1000) {
      taken.push((await bench.send(query, plainSchema)).seconds);
      await pause(queryDelay);
    }
    const least = await running(bench);
    const { user, system } = process.cpuUsage(cpu);
    const cores = (user + system) / 1000 / (performance.now() - begun);
    const texts = await Promise.all(followed.map(({ text }) => text));
    const whole = texts.filter((text) => text === pieces.join('')).length;
    const succeeded = await bench.studio.prisma.execution.count({ where: { state: 'SUCCEEDED', output: pieces.join('') } });
    return measured(besideExecutions, percentile(taken, 99), {
      holds: least === inFlight && whole === inFlight && succeeded === inFlight,
      details: { inFlight: least, queries: taken.length, median: percentile(taken, 50), wholeStreams: whole, succeeded, cores },
    });
  } finally {
    await provider.close();
  }
}

const running = ({ studio }: BenchStudio): Promise<number> => studio.prisma.execution.count({ where: { state: 'RUNNING' } });

async function begin({ send }: BenchStudio, body: string): Promise<string> {
  const { data } = await send(body, executedSchema);
  const id = data.executeWording.data?.id;
  if (id === undefined) throw new Error(data.executeWording.message ?? 'an execution was not begun');
  return id;
}

const streamDocument = 'subscription ($id: ID!) { executionStream(id: $id) { attempt text execution { state } } }';
const messageSchema = z.object({ data: z.object({ executionStream: z.object({ text: z.string() }) }) });

interface Followed {
  /** When the first text came. */
  first: Promise<void>;
  /** All text, at the end. */
  text: Promise<string>;
}

function follow({ url }: BenchStudio, id: string): Followed {
  let tell: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (tell = resolve));
  const read = async () => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
      body: JSON.stringify({ query: streamDocument, variables: { id } }),
    });
    let stream = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      stream += chunk;
      if (chunk.includes('data: ')) tell();
    }
    const messages = [...stream.matchAll(/^data: (\{.*\})$/gm)].map(([, json = '']) => messageSchema.parse(JSON.parse(json)));
    return messages.map(({ data }) => data.executionStream.text).join('');
  };
  return { first, text: read() };
}

/** From the call of the service until the execution has ended with its answer; over HTTP in the details. */
export async function measureCachedExecution(bench: BenchStudio, rounds: number): Promise<Finding> {
  const { studio, viewer, send } = bench;
  const provider = await connectProvider(bench, { quick: { text: ['It is ', 'four.'], pieceDelayMilliseconds: 0 } });
  try {
    const content = { template: 'What is two and two?', systemPrompt: 'Be brief. '.repeat(50), model: provider.modelId('quick') };
    const prompt = await studio.prompts.create(viewer, { projectId: [...viewer.roles.keys()][0] ?? '', name: 'bench-cached', ...content });
    const execute = () => studio.executions.execute(viewer, { promptId: prompt.id });
    const first = await execute();
    while ((await studio.prisma.execution.findUniqueOrThrow({ where: { id: first.id } })).state !== 'SUCCEEDED') await pause(20);
    const taken: number[] = [];
    const cpu = process.cpuUsage();
    let cached = 0;
    for (let round = -20; round < rounds; round++) {
      const begun = performance.now();
      const { id } = await execute();
      const seconds = (performance.now() - begun) / 1000;
      const { state, isCached, output } = await studio.prisma.execution.findUniqueOrThrow({ where: { id } });
      if (round < 0) continue;
      taken.push(seconds);
      if (state === 'SUCCEEDED' && isCached && output === 'It is four.') cached++;
    }
    const { user, system } = process.cpuUsage(cpu);
    const cpuSeconds = (user + system) / 1e6 / rounds;
    const body = JSON.stringify({ query: executeDocument, variables: { input: { content } } });
    const overHttp: number[] = [];
    for (let round = 0; round < Math.min(rounds, 100); round++) overHttp.push((await send(body, executedSchema)).seconds);
    return measured(cachedExecution, percentile(taken, 95), {
      holds: cached === rounds,
      details: { rounds, cached, median: percentile(taken, 50), cpuSeconds, overHttpP95: percentile(overHttp.slice(1), 95) },
    });
  } finally {
    await provider.close();
  }
}
