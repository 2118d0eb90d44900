export { DatabaseError, type DatabaseErrorCode } from './errors.ts';
export { isShared, openDatabase } from './open.ts';
export { restoreDatabase, snapshotDatabase, snapshotFile } from './snapshot.ts';
export { isUnreachable } from './postgresql/failures.ts';
export { Leader } from './postgresql/leader.ts';
export { longestMessage, Messages } from './postgresql/messages.ts';
export { Prisma, type PrismaClient } from './generated/sqlite/client.ts';
export type {
  AbTest,
  AbVariant,
  AliasChange,
  ApiKey,
  ApiKeyUsage,
  Artifact,
  AuditEntry,
  BaseModel,
  CachedOutput,
  Checkpoint,
  Dataset,
  DatasetVersion,
  Execution,
  ExecutionBatch,
  Experiment,
  Feedback,
  LabelChange,
  Membership,
  MetricPoint,
  MetricRollup,
  Model,
  ModelAlias,
  ModelPrice,
  ModelVersion,
  PluginState,
  Project,
  Prompt,
  PromptLabel,
  PromptVersion,
  ProtectedLabel,
  Run,
  RunEvent,
  Session,
  Upload,
  User,
} from './generated/sqlite/client.ts';
export {
  AbMetric,
  AbTestState,
  DatasetVersionState,
  ExecutionBatchState,
  ExecutionState,
  LogLevel,
  NonFinite,
  Role,
  RunEventType,
  RunState,
  SourceKind,
  UploadPurpose,
} from './generated/sqlite/enums.ts';
