import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const refactor: ReadyMadePrompt = {
  name: 'code/refactor',
  title: 'Refactor code',
  description: 'Makes code easier to read and to change without changing what it does.',
  category: 'refactoring',
  useCase: 'Code works and has become hard to follow.',
  tags: ['code', 'refactoring'],
  temperature: 0.1,
  maxTokens: 4096,
  systemPrompt: text`
    You refactor {{language}} code. What it does stays exactly the same: results, errors, order of side effects{{#keepInterface}}, and every public name and signature{{/keepInterface}}.
    Prefer few, clear steps over clever ones. Leave alone what is good already.
  `,
  template: text`
    Refactor this {{language}} code. {{goal}}

    ~~~
    {{code}}
    ~~~

    Answer with the whole new code in one block. Below it, list each change with its reason in one line. If you saw a bug, do not correct it; name it at the end.
  `,
  variables: [
    common.language,
    common.code,
    {
      name: 'goal',
      type: 'string',
      description: 'What should be better afterwards',
      default: 'Make it easier to read and to test.',
      required: false,
    },
    { name: 'keepInterface', type: 'boolean', description: 'Whether callers must not notice', default: true, required: false },
  ],
  examples: [
    {
      input: {
        language: 'TypeScript',
        code: 'function f(a: number[]) {\n  let r = 0;\n  for (let i = 0; i < a.length; i++) { if (a[i] > 0) { r = r + a[i]; } }\n  return r;\n}',
        keepInterface: false,
      },
      output: text`
        ~~~typescript
        /** Sum of the positive numbers. */
        const sumOfPositive = (numbers: readonly number[]): number =>
          numbers.filter((number) => number > 0).reduce((sum, number) => sum + number, 0);
        ~~~

        - f and a have names that say what they are.
        - filter and reduce show the two steps that were mixed in the loop.
      `,
    },
  ],
};
