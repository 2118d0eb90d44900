export { firstProject, requireAdministrator, requirePerson, requireRole, requireScope, requireViewer, visibleTo } from './access/access.ts';
export type { AccessChange } from './access/access-changes.ts';
export { backUp } from './backup/backup.ts';
export { restore } from './backup/restore.ts';
export { isScope, type Scope, scopes, type Viewer } from './access/viewer.ts';
export { openToStrangers, readConfig, type StudioConfig } from './config.ts';
export {
  Conflict,
  Forbidden,
  Invalid,
  LimitExceeded,
  NotFound,
  PluginFailed,
  RateLimited,
  StudioError,
  type StudioErrorCode,
  Unauthenticated,
  Unavailable,
} from './errors.ts';
export type { GpuUsage } from './hardware/gpu-usage.ts';
export type { HardwareSample } from './hardware/sampler.ts';
export type { Client } from './identity/client.ts';
export type { SessionTokens } from './identity/sessions.ts';
export type { Bucket as RateLimit, Taken } from './limits/token-bucket.ts';
export type { PreviewOptions, RowWindow } from './datasets/dataset-rows.ts';
export {
  type DatasetStatistics,
  datasetStatistics,
  type PreviewRow,
  type RawRow,
  rowProblem,
  type RowProblem,
} from './datasets/data-protocol.ts';
export { type Origin, storedOrigin } from './datasets/origin.ts';
export type { NewVersion, VersionSource } from './datasets/version-input.ts';
export { storedSplits } from './datasets/version-reading.ts';
export type { NewUpload } from './uploads/new-upload.ts';
export type { ExecutionFigures } from './execution-figures/figures.ts';
export type { CacheStatistics } from './output-cache/cache-statistics.ts';
export type { ExperimentService } from './experiments/experiments.ts';
export { createLogger, type Logger } from './logger.ts';
export { isLoopback } from './loopback.ts';
export type { BaseModel } from './models/base-model.ts';
export { type ModelVersionComparison, compareVersions, storedMetrics } from './model-versions/compare.ts';
export { storedFiles, type VersionFile } from './model-versions/content.ts';
export { lineageOf, type ModelLineage } from './model-versions/lineage.ts';
export { columnsOf as batchColumns, type VariableColumn } from './execution-batches/batch-input.ts';
export {
  checkSought,
  type ExecutionParameters,
  type ExecutionSettingsInput,
  parametersOf as executionParameters,
} from './executions/execution-input.ts';
export type { BatchMessage } from './streams/batch-channel.ts';
export type { ExecutionMessage } from './streams/execution-channel.ts';
export type { FileProblem } from './model-versions/version-folders.ts';
export type { LanguageModel } from './language-models/language-models.ts';
export type { InstalledPlugin } from './installed-plugins/installed-plugin.ts';
export type { PluginStatus } from './installed-plugins/plugin-status.ts';
export type { PluginResult, PluginRunEvent } from './installed-plugins/plugin-calls.ts';
export { runForm, settingsForm, settingsShown } from './installed-plugins/plugin-forms.ts';
export { compareKeys, unitOf } from './metrics/keys.ts';
export type { ExportFormat, MetricExport } from './metrics/export.ts';
export type { LoggedPoint } from './metrics/logged-points.ts';
export type { Logged, LoggedRunService } from './metrics/logged-runs.ts';
export type { ComparedRun, MetricSeries, MetricService, SeriesOptions } from './metrics/metrics.ts';
export type { Bucket } from './metrics/rollups.ts';
export { metricSummaries, type MetricSummary } from './metrics/summary.ts';
export type { Playground, PlaygroundChunk, Sampling } from './playground/playground.ts';
export type { Range, Standing, VariantDifference, VariantStanding } from './ab-tests/standing.ts';
export { leaderboard, longestLeaderboard, type LeaderboardRow } from './feedback/leaderboard.ts';
export type { FieldDifference, LineDifference, Replaced, VersionDifference } from './prompts/diff.ts';
export type { PromptExport, PromptImport } from './prompts/import-export.ts';
export { requireText } from './prompts/plain-text.ts';
export { type PromptCount, promptCategories, promptTags } from './prompts/tags.ts';
export type { PreviewVariable, PromptPreview } from './prompts/preview.ts';
export { createReadyMade } from './prompts/ready-made/create-ready-made.ts';
export type { ReadyMadePrompt } from './prompts/ready-made/ready-made-prompt.ts';
export { readyMadePrompts } from './prompts/ready-made/ready-made-prompts.ts';
export type { FoundPrompts } from './prompts/search.ts';
export type { WordingIssue } from './prompts/template.ts';
export type { Place } from './prompts/template-place.ts';
export type { PromptVariable } from './prompts/variables.ts';
export { storedContent, storedIncludes, type VersionInput } from './prompts/version-content.ts';
export type { PromptExample } from './prompts/wording.ts';
export type { Quickstart } from './quickstart.ts';
export type { Launcher } from './runs/launcher.ts';
export { LocalLauncher, type LocalLauncherOptions } from './runs/launcher-local.ts';
export { secondsLeft } from './runs/progress.ts';
export { compareConfigs, type ConfigDifference } from './runs/compare-configs.ts';
export type { RunPlan } from './runs/plans.ts';
export type { QueuePlace } from './runs/queue.ts';
export type { RunFile } from './runs/run-files.ts';
export type { RunService, StartRunInput } from './runs/runs.ts';
export { isEnded } from './runs/states.ts';
export { eventsCursor, metricsCursor } from './streams/cursor.ts';
export type { RunEventMessage } from './streams/events-channel.ts';
export { type Follower, Live } from './streams/live.ts';
export type { MetricPoint, MetricsBatch } from './streams/metrics-channel.ts';
export type { RunChange } from './streams/run-changes.ts';
export type { StreamService } from './streams/streams.ts';
export { createStudio, type Studio, type StudioParts } from './studio.ts';
export { type DeviceFit, type Issue, type TrainingConfig, type TrainingConfigInput, trainingConfigSchema } from '@anneal/engine';
