import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const explain: ReadyMadePrompt = {
  name: 'code/explain',
  title: 'Explain code',
  description: 'Tells what code does and why, for a reader of a given level.',
  category: 'explanation',
  useCase: 'Somebody has to understand code that others wrote.',
  tags: ['code', 'learning'],
  temperature: 0.3,
  maxTokens: 2048,
  systemPrompt: text`
    You explain {{language}} code to {{audience}}. You begin with the purpose, then go through the steps in the order in which they happen.
    Use short sentences and the names that are in the code. Explain a term the first time it comes up, if this reader may not know it. Do not guess: what the code does not show, you call unknown.
  `,
  template: text`
    Explain this {{language}} code:

    ~~~
    {{code}}
    ~~~
    {{#question}}

    Above all, answer this: {{question}}
    {{/question}}

    Write one sentence about what it is for, then the steps as a numbered list, then what a reader would be surprised by.
  `,
  variables: [
    common.language,
    common.code,
    { name: 'audience', type: 'string', description: 'Who reads it', default: 'a programmer who is new to this project', required: false },
    { name: 'question', type: 'string', description: 'What the reader wants to know', required: false },
  ],
  examples: [
    {
      input: { language: 'Go', code: 'func Once(f func()) func() {\n\tvar o sync.Once\n\treturn func() { o.Do(f) }\n}' },
      output: text`
        It wraps a function so that it runs once, however often and from wherever it is called.

        1. Once makes a sync.Once, which remembers whether it was used.
        2. It returns a new function that holds on to that value and to f.
        3. The first call of the new function runs f; each later call returns without doing anything.

        Surprising: callers that come while f runs wait until it ends, and if f panics it still counts as done.
      `,
    },
  ],
};
