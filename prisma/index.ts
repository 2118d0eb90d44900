export { DatabaseError, type DatabaseErrorCode } from './errors.ts';
export { openDatabase } from './open.ts';
export { Prisma, type PrismaClient } from './generated/sqlite/client.ts';
export type { Artifact, Checkpoint, Experiment, MetricPoint, MetricRollup, Run, RunEvent } from './generated/sqlite/client.ts';
export { LogLevel, RunEventType, RunState } from './generated/sqlite/enums.ts';
