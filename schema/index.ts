import './artifact.ts';
import './base-model.ts';
import './checkpoint.ts';
import './errors.ts';
import './experiment.ts';
import './log.ts';
import './metric.ts';
import './run-changes.ts';
import './run-events.ts';
import './run-list.ts';
import './run.ts';
import './runs-live.ts';
import './scalars.ts';
import './studio.ts';
import './training-config.ts';
import './training-metrics.ts';
import './try-run.ts';
import { builder } from './builder.ts';
import { describeTotalCounts } from './page.ts';

/** The whole GraphQL schema. What it needs at run time comes with the context. */
export const schema = describeTotalCounts(builder.toSchema());

export type { Context, StreamPosition } from './context.ts';
export { operationCost, type OperationCost } from './cost.ts';
export { explainError } from './errors.ts';
export { encodeGlobalID as globalId } from '@pothos/plugin-relay';
