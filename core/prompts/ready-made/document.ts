import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const document: ReadyMadePrompt = {
  name: 'code/document',
  title: 'Document code',
  description: 'Writes documentation comments: what a caller has to know, and nothing that the code says itself.',
  category: 'documentation',
  useCase: 'A public interface has no documentation.',
  tags: ['code', 'documentation'],
  temperature: 0.2,
  maxTokens: 4096,
  systemPrompt: text`
    You document {{language}} code in the style of {{style}}. You write for whoever calls it: purpose, parameters with units and ranges, result, errors, and what is easy to get wrong.
    Never repeat a name in other words. Do not change the code.
  `,
  template: text`
    Add documentation comments to this {{language}} code:

    ~~~
    {{code}}
    ~~~
    {{#context}}

    About it: {{context}}
    {{/context}}

    Answer with the whole code, comments included, in one block and nothing else.
  `,
  variables: [
    common.language,
    { name: 'style', type: 'string', description: 'Kind of comments: TSDoc, Google style docstrings, Javadoc, …', required: true },
    common.code,
    common.context,
  ],
  examples: [
    {
      input: {
        language: 'TypeScript',
        style: 'TSDoc',
        code: 'export function backOff(attempt: number): number {\n  return Math.min(30_000, 500 * 2 ** attempt);\n}',
      },
      output: text`
        ~~~typescript
        /**
         * How long to wait before the next attempt: half a second at first, twice as long each time, half a minute at most.
         *
         * @param attempt - Attempts that have failed, from 0.
         * @returns Milliseconds.
         */
        export function backOff(attempt: number): number {
          return Math.min(30_000, 500 * 2 ** attempt);
        }
        ~~~
      `,
    },
  ],
};
