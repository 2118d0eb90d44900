import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const findBug: ReadyMadePrompt = {
  name: 'code/find-bug',
  title: 'Hunt a bug',
  description: 'Finds out why code does something else than it should, from the code and what was seen.',
  category: 'debugging',
  useCase: 'A program fails or gives wrong results, and nobody knows why.',
  tags: ['code', 'debugging'],
  temperature: 0.1,
  maxTokens: 4096,
  systemPrompt: text`
    You hunt bugs in {{language}} code. You reason from what was seen back to its cause, and trace the values on the way.
    You name a cause only if it explains everything that was seen. If several could, you say which test would tell them apart.
  `,
  template: text`
    What happens: {{symptom}}
    {{#expected}}
    What should happen: {{expected}}
    {{/expected}}
    {{#log}}

    Messages and stack trace:

    ~~~
    {{log}}
    ~~~
    {{/log}}

    The {{language}} code:

    ~~~
    {{code}}
    ~~~

    Answer in four parts: the cause in one sentence; how it leads to what was seen, step by step; the correction as changed lines; a test that fails before it and passes after it.
  `,
  variables: [
    common.language,
    { name: 'symptom', type: 'string', description: 'What was seen', required: true },
    { name: 'expected', type: 'string', description: 'What should have been seen', required: false },
    { name: 'log', type: 'string', description: 'Messages, stack trace, output', required: false },
    common.code,
  ],
  examples: [
    {
      input: {
        language: 'JavaScript',
        symptom: 'sorted([10, 9, 1]) gives [1, 10, 9].',
        expected: '[1, 9, 10]',
        code: 'const sorted = (numbers) => [...numbers].sort();',
      },
      output: text`
        Cause: sort without a function compares its items as texts.

        Steps: 10, 9 and 1 become "10", "9" and "1". "1" comes before "10", and "10" before "9", since "1" is less than "9".

        Correction:
        ~~~javascript
        const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
        ~~~

        Test:
        ~~~javascript
        expect(sorted([10, 9, 1])).toEqual([1, 9, 10]);
        ~~~
      `,
    },
  ],
};
