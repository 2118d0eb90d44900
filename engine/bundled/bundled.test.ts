import { expect, it } from 'vitest';
import { instructionRows } from '../synthetic/instructions.ts';
import { bundledInstructions } from './bundled.ts';

it('brings the instruction set that its grammar gives', () => {
  expect(bundledInstructions()).toEqual(instructionRows(3200, 1));
});
