import { z } from 'zod';
import { statusFailures, wireFailures } from './answer.ts';
import { startAnthropicServer } from './anthropic-server.ts';
import { startOpenAiServer } from './openai-server.ts';

/**
 * A provider as a program of its own, for load that must not share a process with what is measured:
 * `node --import tsx provider-process.ts '{"protocol":"openai","models":{"slow":{"text":"…","pieceDelayMilliseconds":20}}}'`
 * It writes one line, {"url","pid"}, and serves until it gets SIGTERM or its standard input ends.
 */
const failureType = z.enum([...statusFailures, ...wireFailures]);
const options = z.object({
  protocol: z.enum(['openai', 'anthropic']),
  apiKey: z.string().optional(),
  models: z.record(
    z.string(),
    z.union([
      z.string(),
      z.object({
        text: z.union([z.string(), z.array(z.string())]).optional(),
        delayMilliseconds: z.number().optional(),
        pieceDelayMilliseconds: z.number().optional(),
        failure: z.union([failureType, z.object({ type: failureType, retryAfterSeconds: z.number().optional() })]).optional(),
      }),
    ]),
  ),
});

const { protocol, ...chosen } = options.parse(JSON.parse(process.argv[2] ?? '{}'));
const server = await (protocol === 'openai' ? startOpenAiServer(chosen) : startAnthropicServer(chosen));
process.stdout.write(`${JSON.stringify({ url: server.url, pid: process.pid })}\n`);
const stop = () => void server.close().then(() => process.exit(0));
process.once('SIGTERM', stop);
process.stdin.once('end', stop).resume();
