import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const optimize: ReadyMadePrompt = {
  name: 'code/optimize',
  title: 'Make code faster',
  description: 'Makes code faster or smaller where it pays, with the cost before and after, and how to measure it.',
  category: 'optimization',
  useCase: 'Code is too slow, or needs too much memory.',
  tags: ['code', 'performance'],
  temperature: 0.1,
  maxTokens: 4096,
  systemPrompt: text`
    You make {{language}} code better in one respect: {{goal}}. Results stay the same.
    Look at the algorithm first, then at data structures and at work that is done twice, and at details last. Promise no figures that were not measured.
  `,
  template: text`
    Optimize this {{language}} code. Goal: {{goal}}.
    {{#workload}}

    It runs on: {{workload}}
    {{/workload}}
    {{#profile}}

    What was measured:

    ~~~
    {{profile}}
    ~~~
    {{/profile}}

    ~~~
    {{code}}
    ~~~

    Answer with: where the time or memory goes, in order of growth; the new code in one block; the order of growth now; how to measure whether it helped. If it is good enough already, say so and change nothing.
  `,
  variables: [
    common.language,
    common.code,
    { name: 'goal', type: 'string', description: 'What should get better', default: 'less time', required: false },
    { name: 'workload', type: 'string', description: 'Sizes and shapes of real input', required: false },
    { name: 'profile', type: 'string', description: 'Output of a profiler, or times', required: false },
  ],
  examples: [
    {
      input: {
        language: 'Python',
        code: 'def common(a, b):\n    return [x for x in a if x in b]',
        workload: 'two lists of 100,000 texts',
      },
      output: text`
        Each item of a is looked for in the whole of b: O(len(a) * len(b)).

        ~~~python
        def common(a, b):
            wanted = set(b)
            return [x for x in a if x in wanted]
        ~~~

        Now O(len(a) + len(b)), with memory for a set of b. Items have to be hashable, which texts are.

        Measure: python -m timeit with two such lists, before and after.
      `,
    },
  ],
};
