import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAdapter } from '../adapters/peft.ts';
import { parseTrainingConfig, type TrainingConfig, type TrainingConfigInput } from '../config.ts';
import { writeTinyModel } from '../testing/tiny-model.ts';
import type { MetricsEvent, TrainingEvent } from '../training/events.ts';
import { train } from '../training/train.ts';
import { RewardModel } from './reward-model.ts';

type MethodInput = NonNullable<TrainingConfigInput['method']>;

let home: string;
let model: string;
let answers: string;
let pairs: string;
let texts: string;

const rows = Array.from({ length: 24 }, (_, index) => ({
  prompt: `add ${index % 7}`,
  chosen: `function add${index % 7}(n) {\n  return n + ${index % 7};\n}`,
  rejected: `return ${index % 5};`,
}));
const write = async (name: string, lines: readonly unknown[]) => {
  const file = path.join(home, name);
  await writeFile(file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  return file;
};

beforeAll(async () => {
  home = await mkdtemp(path.join(os.tmpdir(), 'anneal-methods-'));
  ({ model, data: answers } = await writeTinyModel(home));
  pairs = await write('pairs.jsonl', rows);
  texts = await write(
    'texts.jsonl',
    Array.from({ length: 8 }, (_, index) => ({
      text: rows
        .map(({ chosen }) => chosen)
        .join('\n')
        .slice(index * 20),
    })),
  );
});
afterAll(() => rm(home, { recursive: true, force: true }));

const runFolder = () => mkdtemp(path.join(home, 'run-'));

function configure(data: string, method: MethodInput, steps = 7): TrainingConfig {
  return parseTrainingConfig({
    model: { base: model },
    data: { path: data, maxLength: 32, validationShare: 0.2 },
    method: { rank: 4, ...method },
    optimizer: { learningRate: 1e-2 },
    schedule: { epochs: 100, maxSteps: steps, batchSize: 4 },
    run: { checkpointEvery: 4, evaluateEvery: 0, threads: 1, device: 'cpu', tensorBoard: false },
  });
}

async function collect(config: TrainingConfig, folder: string): Promise<TrainingEvent[]> {
  const events: TrainingEvent[] = [];
  for await (const event of train(config, { folder })) events.push(event);
  return events;
}
const isMetrics = (event: TrainingEvent): event is MetricsEvent => event.type === 'metrics';
const clocks = new Set(['tokensPerSecond', 'targetTokensPerSecond', 'stepSeconds', 'residentMemory']);
/** What must not differ from run to run. */
const exact = (events: readonly TrainingEvent[]) =>
  events
    .filter(isMetrics)
    .map(({ step, values }) => ({ step, values: Object.fromEntries(Object.entries(values).filter(([name]) => !clocks.has(name))) }));
const evaluations = (events: readonly TrainingEvent[]) =>
  events.flatMap((event) => (isMetrics(event) && event.values.evaluationLoss !== undefined ? [event.values] : []));

async function interrupted(config: TrainingConfig, step: number): Promise<TrainingEvent[]> {
  const folder = await runFolder();
  for await (const event of train(config, { folder })) if (isMetrics(event) && event.step === step) break;
  return collect(config, folder);
}

const compared = ['rewardsChosen', 'rewardsRejected', 'rewardsMargins', 'rewardsAccuracies', 'logpsChosen', 'logpsRejected'];

describe.each<[string, MethodInput, string[]]>([
  ['dpo', { type: 'dpo' }, compared],
  ['dpo of all weights', { type: 'dpo', trainable: 'full' }, compared],
  ['orpo', { type: 'orpo' }, ['nllLoss', 'logOddsRatio', 'logOddsChosen', ...compared]],
  ['reward', { type: 'reward' }, ['accuracy', 'margin', 'rewardsChosen', 'rewardsRejected']],
])('%s', (_name, method, names) => {
  it('learns to prefer, says how well, and goes on where it was interrupted with the same numbers to the bit', async () => {
    const learningRate = method.trainable === 'full' ? 1e-3 : 1e-2;
    const config = { ...configure(pairs, method), optimizer: { ...configure(pairs, method).optimizer, learningRate } };
    const events = await collect(config, await runFolder());
    const [first, last] = [evaluations(events)[0], evaluations(events).at(-1)];
    expect(last?.evaluationLoss).toBeLessThan(first?.evaluationLoss ?? 0);
    const margin = method.type === 'reward' ? 'evaluationMargin' : 'evaluationRewardsMargins';
    expect(last?.[margin]).toBeGreaterThan(first?.[margin] ?? NaN);
    const steps = events.filter(isMetrics).filter(({ values }) => values.loss !== undefined);
    expect(steps).toHaveLength(7);
    for (const { values } of steps) expect(Object.keys(values)).toEqual(expect.arrayContaining(names));
    const rest = await interrupted(config, 6);
    expect(rest[0]).toMatchObject({ type: 'started', step: 4 });
    expect(exact(rest)).toEqual(exact(events).filter(({ step }) => step > 4));
  });
});

it('begins at no preference, where the reference and the model are the same', async () => {
  const [first] = evaluations(await collect(configure(pairs, { type: 'dpo' }, 1), await runFolder()));
  expect(first?.evaluationLoss).toBeCloseTo(Math.log(2), 6);
  expect(first?.evaluationRewardsMargins).toBeCloseTo(0, 4);
});

it.each(['int8', 'nf4'] as const)('begins at the base whose weights are kept as %s', async (storage) => {
  const begin = async (data: string, method: MethodInput) => {
    const config = configure(data, method, 1);
    return evaluations(await collect({ ...config, model: { ...config.model, storage } }, await runFolder()))[0]?.evaluationLoss ?? NaN;
  };
  expect(await begin(pairs, { type: 'dpo' })).toBeCloseTo(Math.log(2), 6);
  expect(Math.abs((await begin(answers, { dora: true })) / (await begin(answers, {})) - 1)).toBeLessThan(1e-5);
});

it('compares with the initial adapter, where there is one', async () => {
  const folder = await runFolder();
  await collect(configure(answers, {}, 4), folder);
  const adapter = path.join(folder, 'artifacts', 'adapter');
  const [first] = evaluations(await collect(configure(pairs, { type: 'dpo', initAdapter: adapter }, 1), await runFolder()));
  expect(first?.evaluationLoss).toBeCloseTo(Math.log(2), 6);
});

it.each<[string, MethodInput]>([
  ['rsLora, DoRA and dropout', { rsLora: true, dora: true, dropout: 0.2 }],
  ['modules trained whole', { modulesToSave: ['lm_head', 'norm'] }],
])('%s: learns, goes on with the same numbers to the bit, and can be trained further', async (_name, method) => {
  const config = configure(answers, method);
  const folder = await runFolder();
  const events = await collect(config, folder);
  expect(evaluations(events).at(-1)?.evaluationLoss).toBeLessThan(evaluations(events)[0]?.evaluationLoss ?? 0);
  expect(exact(await interrupted(config, 6))).toEqual(exact(events).filter(({ step }) => step > 4));
  const further = await collect(configure(answers, { initAdapter: path.join(folder, 'artifacts', 'adapter') }, 1), await runFolder());
  expect(evaluations(further)[0]?.evaluationLoss).toBeCloseTo(evaluations(events).at(-1)?.evaluationLoss ?? NaN, 4);
});

it('values answers with a reward model: with its adapter, or trained as a whole', async () => {
  const [adapted, whole] = [await runFolder(), await runFolder()];
  await collect(configure(pairs, { type: 'reward' }), adapted);
  await collect(configure(pairs, { type: 'reward', trainable: 'full' }), whole);
  const config: unknown = JSON.parse(await readFile(path.join(whole, 'artifacts', 'model', 'config.json'), 'utf8'));
  expect(config).toMatchObject({ architectures: ['LlamaForSequenceClassification'] });
  const models = [
    await RewardModel.open(model, path.join(adapted, 'artifacts', 'adapter'), 1),
    await RewardModel.open(path.join(whole, 'artifacts', 'model'), undefined, 1),
  ];
  for (const reward of models) {
    const [better = NaN, worse = NaN] = await reward.valueAll([
      { prompt: 'add 3', answer: 'function add3(n) {\n  return n + 3;\n}' },
      { prompt: 'add 3', answer: 'return 4;' },
    ]);
    expect(better).toBeGreaterThan(worse);
    await expect(reward.values([new Int32Array(200)])).rejects.toThrow('Text 1 has 200 tokens; the model values 1 to 128.');
    await reward.release();
  }
  const writer = await runFolder();
  await collect(configure(answers, {}, 1), writer);
  await expect(RewardModel.open(model, path.join(writer, 'artifacts', 'adapter'), 1)).rejects.toThrow('it has no score.weight');
});

it('reads plain text on in the next example instead of cutting it off', async () => {
  const config = configure(texts, { type: 'pretraining' });
  const events = await collect(config, await runFolder());
  const cut = await collect(configure(texts, {}), await runFolder());
  const examples = (run: readonly TrainingEvent[]) =>
    run.flatMap((event) => (event.type === 'started' ? [event.trainExamples] : []))[0] ?? 0;
  expect(examples(events)).toBeGreaterThan(examples(cut) * 5);
  expect(evaluations(events).at(-1)?.evaluationLoss).toBeLessThan(evaluations(events)[0]?.evaluationLoss ?? 0);
  expect(evaluations(events)[0]?.perplexity).toBeCloseTo(Math.exp(evaluations(events)[0]?.evaluationLoss ?? NaN), 6);
});

describe('says what is wrong', () => {
  const refusal = async (config: TrainingConfig, message: string | RegExp) =>
    expect(collect(config, await runFolder())).rejects.toThrow(message);

  it('with data of the wrong kind', async () => {
    await refusal(configure(pairs, {}), 'holds pairs of answers, which the methods dpo, orpo and reward learn from');
    await refusal(configure(answers, { type: 'orpo' }), /is in the format prompt-completion, but this method learns from pairs/);
  });

  it('with an initial adapter', async () => {
    const folder = await runFolder();
    await collect(configure(pairs, { type: 'reward' }, 1), folder);
    const adapter = path.join(folder, 'artifacts', 'adapter');
    await refusal(configure(answers, { initAdapter: adapter }), 'makes a reward model');
    await refusal(configure(answers, { initAdapter: path.join(home, 'nowhere') }), 'is not an adapter folder');
    expect((await loadAdapter(adapter)).config).toMatchObject({ valuesTexts: true, modulesToSave: ['score'] });
  });

  it('with settings of LoRA when every weight is trained', async () => {
    const config = configure(answers, { trainable: 'full' });
    await refusal(configure(answers, { trainable: 'full', dora: true }), 'method.dora: It belongs to LoRA.');
    // Before the model is looked for.
    const nowhere = { ...config, model: { ...config.model, base: path.join(home, 'nowhere'), storage: 'nf4' as const } };
    await refusal(nowhere, 'model.storage: It is nf4, but training every weight needs');
  });

  it('with modules, and warns of ranks that are larger than a layer', async () => {
    await refusal(configure(answers, { modulesToSave: ['q_proj'] }), 'model.layers.0.self_attn.q_proj has LoRA matrices already');
    const small = configure(answers, { targetModules: ['q_proj'], modulesToSave: ['up_proj'] });
    await refusal({ ...small, model: { ...small.model, storage: 'int8' } }, 'model.layers.0.mlp.up_proj.weight is kept as int8');
    await refusal(configure(answers, { modulesToSave: ['score'] }), 'The model has no module named score');
    const events = await collect(configure(answers, { rank: 20 }, 1), await runFolder());
    expect(events.flatMap((event) => (event.type === 'log' && event.level === 'warn' ? [event.message] : []))).toContainEqual(
      expect.stringMatching(/LoRA rank 20 is more than model\.layers\.0\.self_attn\.k_proj and 3 others can use: the smaller side has 16/),
    );
  });
});
