export { DatabaseError, type DatabaseErrorCode } from './errors.ts';
export { isShared, openDatabase } from './open.ts';
export { restoreDatabase, snapshotDatabase, snapshotFile } from './snapshot.ts';
export { isUnreachable } from './postgresql/failures.ts';
export { Leader } from './postgresql/leader.ts';
export { longestMessage, Messages } from './postgresql/messages.ts';
export { Prisma, type PrismaClient } from './generated/sqlite/client.ts';
export type {
  AliasChange,
  ApiKey,
  ApiKeyUsage,
  Artifact,
  AuditEntry,
  BaseModel,
  Checkpoint,
  Dataset,
  DatasetVersion,
  Experiment,
  Membership,
  MetricPoint,
  MetricRollup,
  Model,
  ModelAlias,
  ModelVersion,
  Project,
  Run,
  RunEvent,
  Session,
  Upload,
  User,
} from './generated/sqlite/client.ts';
export {
  DatasetVersionState,
  LogLevel,
  NonFinite,
  Role,
  RunEventType,
  RunState,
  SourceKind,
  UploadPurpose,
} from './generated/sqlite/enums.ts';
