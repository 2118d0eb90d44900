// Configuration and errors
export { bundledModelFolder, quickstartConfig, resolveModelFolder } from './bundled/bundled.ts';
export { type FieldHint, parseTrainingConfig, type TrainingConfig, type TrainingConfigInput, trainingConfigSchema } from './config.ts';
export { EngineError, type EngineErrorCode, type Issue } from './errors.ts';

// Models, adapters, data
export { loadAdapter, type LoadedAdapter } from './adapters/peft.ts';
export { isHubPath } from './data/hub/location.ts';
export { checkHubFiles } from './data/hub/snapshot.ts';
export { type DatasetInspection, inspectDataset } from './data/inspect-dataset.ts';
export { initializeModel } from './models/initialize.ts';
export { inspectModel, type ModelSummary } from './models/inspect.ts';
export { loadModel, type LoadedModel } from './models/load.ts';
export { saveModel } from './models/save.ts';
export { loadTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';
export { trainBpe, writeTokenizer } from './tokenizer/train-bpe.ts';

// Hardware and plans
export { chooseDevice, type ChosenDevice } from './hardware/choose-device.ts';
export { type Device, devices } from './hardware/device.ts';
export { detectHardware, type Hardware } from './hardware/detect.ts';
export { plan, type PlanOptions, type TrainingPlan } from './plan/plan.ts';

// Export
export { exportModel, type ExportOptions, type ExportResult } from './export/export-model.ts';
export { runArtifacts } from './export/run-artifacts.ts';
export type { ExportControl } from './export/source.ts';

// Training
export { learningRateAt } from './optimizer/schedule.ts';
export { latestCheckpoint, pruneCheckpoints, saveCheckpoint } from './training/checkpoint.ts';
export type * from './training/events.ts';
export { train, type TrainOptions } from './training/train.ts';
export { Trainer, type TrainerOptions } from './training/trainer.ts';
export * from './worker/index.ts';

// Generation and evaluation
export { type AnsweredRequest, RewardModel } from './methods/reward-model.ts';
export { TextModel, type TextSettings } from './generation/text-model.ts';
export { playgroundChunk, type PlaygroundChunk, type PlaygroundMessage, type PlaygroundModels } from './playground/protocol.ts';
export { playgroundProgram } from './playground/program.ts';
export * from './synthetic/index.ts';
