import path from 'node:path';

export { type HubServer, type ServedRepository, startHubServer } from '../data/testing/hub-server.ts';
export { writeModelFiles } from '../export/onnx/model-file.ts';
export { type Script, writeScript } from './script.ts';
export { tinyConfig, writeTinyModel } from './tiny-model.ts';

/** A worker program that trains nothing and follows a script instead, see script.ts. */
export const scriptedWorkerProgram = path.join(import.meta.dirname, 'scripted-worker.ts');
