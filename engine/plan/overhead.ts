import type { StepMemory } from './step-memory.ts';

/** Node, ONNX Runtime, a tokenizer and this program, before anything is trained. Measured; bytes. */
export const programMemory = 200e6;
/** What building and compiling a node of the graph leaves behind. Measured; bytes. */
const perNode = 40e3;
/** What allocation loses, as a share of the results that exist at the same time. Measured. */
const loss = 0.08;

/** What compiling and running a step takes beside its results. Bytes. */
export const addedOverhead = ({ activations, constants, nodes }: StepMemory): number => perNode * nodes + loss * activations + constants;

/** The same with the program itself, where nothing was measured. Bytes. */
export const typicalOverhead = (step: StepMemory): number => programMemory + addedOverhead(step);
