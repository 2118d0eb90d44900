// Configuration and errors
export { bundledInstructionsFile, bundledModelFolder, quickstartConfig, resolveModelFolder } from './bundled/bundled.ts';
export { type FieldHint, parseTrainingConfig, type TrainingConfig, type TrainingConfigInput, trainingConfigSchema } from './config.ts';
export { EngineError, type EngineErrorCode, type Issue } from './errors.ts';

// Models, adapters, data
export { inspectAdapter, loadAdapter, type LoadedAdapter } from './adapters/peft.ts';
export { encodePrompt } from './data/conversation.ts';
export { isDataFile } from './data/data-file.ts';
export { isHubPath, parseHubPath } from './data/hub/location.ts';
export { checkHubFiles, fetchHubFiles, pinHubPath } from './data/hub/snapshot.ts';
export { type DatasetInspection, inspectDataset } from './data/inspect-dataset.ts';
export { type InspectedRow, type InspectedSequence, inspectRows, type RowInspection } from './data/inspect-rows.ts';
export { isSealed, sealedSuffix } from './sealed/format.ts';
export { openSealedFile, type ReadableFile } from './sealed/reader.ts';
export { SealedWriter } from './sealed/writer.ts';
export { openSource } from './data/source.ts';
export type { ReadRow } from './data/sources/row.ts';
export { isFinalAnswer } from './hub/client.ts';
export { downloadHubModel, findHubModel, type HubModel } from './models/hub-model.ts';
export { initializeModel } from './models/initialize.ts';
export { inspectModel, type ModelSummary } from './models/inspect.ts';
export { loadModel, type LoadedModel } from './models/load.ts';
export { saveModel } from './models/save.ts';
export type { ChatMessage } from './tokenizer/chat-template.ts';
export { loadTokenizer, type Tokenizer } from './tokenizer/tokenizer.ts';
export { trainBpe, writeTokenizer } from './tokenizer/train-bpe.ts';

// Hardware and plans
export { chooseDevice, type ChosenDevice } from './hardware/choose-device.ts';
export { type Device, devices } from './hardware/device.ts';
export { detectHardware, type Hardware } from './hardware/detect.ts';
export { detectMemory } from './hardware/memory.ts';
export { type DeviceFit, deviceFits } from './plan/device-fits.ts';
export { plan, type PlanOptions, type TrainingPlan } from './plan/plan.ts';
export { planProblemSchema, type PlannedRun, plannedRunSchema, planProgram } from './plan/planned-run.ts';

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
export { StopStrings } from './generation/stop-strings.ts';
export { TextModel, type TextEnd, type TextPiece, type TextSettings } from './generation/text-model.ts';
export { playgroundChunk, type PlaygroundChunk, type PlaygroundMessage, type PlaygroundModels } from './playground/protocol.ts';
export { playgroundProgram } from './playground/program.ts';
export * from './synthetic/index.ts';
