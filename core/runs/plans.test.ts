import fs from 'node:fs';
import path from 'node:path';
import { tinyConfig, writeTinyModel } from '@anneal/engine/testing';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { Invalid, Unavailable } from '../errors.ts';
import { defaultProjectId } from '../identity/local-user.ts';
import { createLogger } from '../logger.ts';
import { owner, temporaryFolder } from '../testing/studio.ts';
import { PlanService } from './plans.ts';

let folder: string;
let places: { model: string; data: string };
beforeAll(async () => {
  folder = temporaryFolder();
  places = await writeTinyModel(folder);
  // What is measured here is not for other runs on this machine.
  vi.stubEnv('ANNEAL_CACHE', path.join(folder, 'cache'));
});
afterAll(() => {
  vi.unstubAllEnvs();
  fs.rmSync(folder, { recursive: true });
});

const sources = {
  trainingFile: () => Promise.reject(new Error('not asked for')),
  holdDataset: () => Promise.reject(new Error('not asked for')),
  trainingFolder: () => Promise.reject(new Error('not asked for')),
};
const service = (limit?: number) => new PlanService({ sources, dataFolder: folder, logger: createLogger('silent'), limit });

it('says what a run will take, once for all who ask, without holding up the others', async () => {
  const plans = service();
  const input = { projectId: defaultProjectId, config: tinyConfig(places, 20) };
  let turns = 0;
  const timer = setInterval(() => turns++, 10);
  const [first, second] = await Promise.all([plans.plan(owner, { ...input, pricePerHour: 3600 }), plans.plan(owner, input)]);
  clearInterval(timer);
  expect(first).toMatchObject({ device: 'cpu', memory: { fits: true }, time: { steps: 20, isMeasured: true }, warnings: [] });
  expect(first.trainableParameters).toBeGreaterThan(0);
  expect(first.parameters).toBeGreaterThan(first.trainableParameters);
  const { weights, trained, optimizer, activations, logits, runtime } = first.memory.parts;
  expect(weights + trained + optimizer + activations + logits + runtime).toBeCloseTo(first.memory.peak, -3);
  expect(first.cost).toBeCloseTo(first.time.total, 6);
  expect(second).toEqual({ ...first, cost: null });
  expect(turns).toBeGreaterThan(20);
});

it('complains about what could not be trained, gives up in time, and lets nobody in who may not train', async () => {
  const config = tinyConfig(places, 20);
  const tooRare = {
    ...config,
    data: { ...config.data, validationShare: 0 },
    method: { ...config.method, targetModules: ['nothing_like_this'] },
  };
  const refused = await service()
    .plan(owner, { projectId: defaultProjectId, config: tooRare })
    .catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(Invalid);
  await expect(service(1).plan(owner, { projectId: defaultProjectId, config: tinyConfig(places, 21) })).rejects.toThrow(Unavailable);
  await expect(service().plan(owner, { projectId: defaultProjectId, config, pricePerHour: -1 })).rejects.toThrow('at least 0');
  await expect(service().plan(owner, { projectId: 'another', config })).rejects.toThrow('There is no project');
  await expect(service().plan({ ...owner, scopes: new Set(['read']) }, { projectId: defaultProjectId, config })).rejects.toThrow('"train"');
});
