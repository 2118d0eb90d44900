export { corpusDocuments } from './corpus.ts';
export { passAt1, type PassAt1, type TaskOutcome } from './evaluate.ts';
export { families, isHeldOut } from './grammar.ts';
export { instructionRows, type InstructionRow } from './instructions.ts';
export type { Item, Json, Test } from './item.ts';
export { heldOutTasks, type Task } from './tasks.ts';
