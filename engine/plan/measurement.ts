import { z } from 'zod';
import { engineErrorCodes } from '../errors.ts';
import { devices } from '../hardware/device.ts';
import type { StepMemory } from './step-memory.ts';

const count = z.number().min(0);

/** What the process that measures is asked for. */
export const requestSchema = z.object({
  /** A training configuration whose model is a slice and whose data is a sample. */
  config: z.unknown(),
  /** How long it may take some steps, about. 0: it takes none. */
  seconds: count,
  /** Sequences of a micro-batch in the run that is planned; the configuration may have fewer. */
  batchSize: count,
});
export type MeasureRequest = z.output<typeof requestSchema>;

const stepMemorySchema: z.ZodType<StepMemory> = z.object({
  activations: count,
  logits: count,
  constants: count,
  nodes: count,
  operations: count,
});

/** What was found out about micro-batches of one shape. */
const shapeMeasurementSchema = z.object({
  shape: z.object({ batch: count, length: count, packed: z.boolean(), targets: count }),
  /** Micro-batches of this shape in an epoch of the sample. */
  count,
  /** Of one, without the optimizer. Null: there was no time for it. */
  seconds: count.nullable(),
  /** The first time, compilation included. */
  firstSeconds: count.nullable(),
  /** What a reference model takes beside that when it meets the rows for the first time; 0 where the method has none. */
  referenceSeconds: count.nullable(),
});

/**
 * What a slice of a model needs on this machine, found out by training it for a few steps. Sizes are bytes.
 */
export const measurementSchema = z.object({
  layers: count,
  /** Resident memory of the process when its program was loaded, and at its highest. */
  startMemory: count,
  peakMemory: count,
  /**
   * Memory that graphs keep when they have run, as a share of their intermediate results; and the sum of these of all shapes
   * that were not run, those of evaluations included.
   */
  kept: count,
  leftOut: count,
  /** Weights that do not change, those that are trained, and what gradients and optimizer need for them. */
  frozen: count,
  trained: count,
  optimizer: count,
  trainableParameters: count,
  shapes: z.array(shapeMeasurementSchema).min(1),
  /** State that a checkpoint holds. */
  checkpoint: count,
  /** Of the largest micro-batch: as it was run, as it is configured, and with settings that need less. */
  ran: stepMemorySchema,
  configured: stepMemorySchema,
  smaller: z.array(z.object({ setting: z.string(), value: z.string(), needs: stepMemorySchema })),
  device: z.enum(devices),
  /** Floating point operations a second in matrix products; measured where no step was taken. */
  rate: count.nullable(),
  /** What a step takes beside its micro-batches. */
  optimizerSeconds: count,
  /** Of one micro-batch of middling length. Null: nothing is held out. */
  evaluationSeconds: count.nullable(),
  /** Whether a reference model values each row once. */
  hasReference: z.boolean(),
  /** Of the sample. */
  stepsPerEpoch: count,
  trainExamples: count,
  validationExamples: count,
});

/** What a person can mend: the code and the text of an EngineError. */
export const failureSchema = z.object({
  code: z.enum(engineErrorCodes),
  message: z.string(),
  issues: z.array(z.object({ path: z.string(), message: z.string() })),
});

export type Measurement = z.output<typeof measurementSchema>;
export type MeasurementFailure = z.output<typeof failureSchema>;
export type ShapeMeasurement = z.output<typeof shapeMeasurementSchema>;
