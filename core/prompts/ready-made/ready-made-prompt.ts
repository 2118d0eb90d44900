import type { PromptVariable, VariableValues } from '../variables.ts';

/** A prompt that a project can begin with. */
export interface ReadyMadePrompt {
  /** What it is called in a project unless another name is chosen. */
  name: string;
  title: string;
  description: string;
  category: string;
  useCase: string;
  tags: string[];
  /** Recommended. */
  temperature: number;
  maxTokens: number;
  systemPrompt: string;
  template: string;
  variables: PromptVariable[];
  /** At least one, whose input is values. */
  examples: { input: VariableValues; output: string }[];
}

/** Lines of a text that is indented in its source. The first and the last line are empty. */
export function text([source = '']: readonly string[]): string {
  const lines = source.split('\n').slice(1, -1);
  const indent = Math.min(...lines.filter((line) => line.trim() !== '').map((line) => line.length - line.trimStart().length));
  return lines.map((line) => line.slice(indent)).join('\n');
}

const required = (name: string, description: string): PromptVariable => ({ name, type: 'string', description, required: true });

/** Variables that several of them have. */
export const common = {
  code: required('code', 'The code, as it is'),
  language: required('language', 'Programming language, such as TypeScript'),
  context: { ...required('context', 'What the code is part of, and what is known about it'), required: false },
} satisfies Record<string, PromptVariable>;
