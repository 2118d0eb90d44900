/**
 * A process that answers with a base model and a tuned one, side by side, for whoever started it (over Node's IPC
 * channel). Generation blocks the event loop, so it has a process of its own. It ends when the channel closes.
 *
 *   node engine/compiled/run.mjs engine/playground/main.ts '{"baseFolder": …, "tuned": {"kind": "adapter", "folder": …}}'
 */
import fs from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseTrainingConfig } from '../config.ts';
import { EngineError } from '../errors.ts';
import { TextModel } from '../generation/text-model.ts';
import { artifactOfCheckpoint } from '../training/checkpoint-artifact.ts';
import { type PlaygroundChunk, playgroundMessage, playgroundModels, type PlaygroundRequest } from './protocol.ts';

type Side = PlaygroundChunk['side'];

const models = playgroundModels.parse(JSON.parse(process.argv[2] ?? '{}'));
const opened = openModels();
const running = new Map<number, AbortController>();
let last = Promise.resolve();

process.on('disconnect', () => process.exit(0));
process.on('message', (raw) => {
  const message = playgroundMessage.parse(raw);
  if (message.type === 'cancel') {
    running.get(message.id)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(message.request.id, controller);
  last = last.then(() => answer(message.request, controller.signal)).finally(() => running.delete(message.request.id));
});

async function openModels(): Promise<Record<Side, TextModel>> {
  const { tuned } = models;
  if (tuned.kind !== 'checkpoint') return open(tuned);
  const parent = await fs.mkdtemp(path.join(os.tmpdir(), 'anneal-checkpoint-'));
  const folder = path.join(parent, 'learned');
  try {
    const kind = await artifactOfCheckpoint(parseTrainingConfig(tuned.config), tuned.folder, folder);
    return await open({ kind, folder });
  } finally {
    await fs.rm(parent, { recursive: true, force: true });
  }
}

async function open(tuned: { kind: 'adapter' | 'model'; folder: string }): Promise<Record<Side, TextModel>> {
  const { baseFolder, threads } = models;
  if (tuned.kind === 'adapter') {
    const pair = await TextModel.openPair(baseFolder, tuned.folder, threads);
    return { BASE: pair.base, TUNED: pair.tuned };
  }
  return { BASE: await TextModel.open(baseFolder, threads), TUNED: await TextModel.open(tuned.folder, threads) };
}

/** The tuned model first: it is what the person is waiting for. */
async function answer(request: PlaygroundRequest, signal: AbortSignal): Promise<void> {
  for (const side of ['TUNED', 'BASE'] as const) await answerSide(request, side, signal);
}

async function answerSide({ id, prompt, settings }: PlaygroundRequest, side: Side, signal: AbortSignal): Promise<void> {
  const begun = performance.now();
  let tokens = 0;
  const send = (part: Partial<PlaygroundChunk>) =>
    process.send?.({
      id,
      side,
      text: '',
      done: false,
      tokens,
      seconds: (performance.now() - begun) / 1000,
      problem: null,
      ...part,
    } satisfies PlaygroundChunk);
  try {
    const model = (await opened)[side];
    for await (const piece of model.write(prompt, settings, signal)) {
      tokens = piece.tokens;
      send({ text: piece.text });
    }
    send({ done: true });
  } catch (error) {
    if (!(error instanceof EngineError)) console.error(error);
    send({
      done: true,
      problem: error instanceof EngineError ? error.message : 'The model could not answer because of an error inside Anneal.',
    });
  }
}
