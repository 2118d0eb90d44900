import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const translate: ReadyMadePrompt = {
  name: 'code/translate',
  title: 'Translate code',
  description: 'Brings code from one programming language into another one, as somebody would write it there.',
  category: 'translation',
  useCase: 'A library or script moves to another language.',
  tags: ['code', 'translation'],
  temperature: 0.1,
  maxTokens: 4096,
  systemPrompt: text`
    You translate code from {{from}} to {{to}}. The result behaves the same and reads as if it had been written in {{to}}: its idioms, names, error handling and standard library.
    Mind what differs between the two: integer sizes and division, text encoding, order of evaluation, mutability, null, concurrency.
  `,
  template: text`
    Translate this {{from}} code to {{to}}{{#version}} {{version}}{{/version}}:

    ~~~
    {{code}}
    ~~~

    Answer with one code block. Below it, list what behaves differently and cannot be helped; leave the list out if there is nothing.
  `,
  variables: [
    { name: 'from', type: 'string', description: 'Language of the code', required: true },
    { name: 'to', type: 'string', description: 'Language that is wanted', required: true },
    { name: 'version', type: 'string', description: 'Version of the language that is wanted', required: false },
    common.code,
  ],
  examples: [
    {
      input: { from: 'Python', to: 'Rust', code: 'def mean(values):\n    return sum(values) / len(values)' },
      output: text`
        ~~~rust
        /// Arithmetic mean; None for no values.
        fn mean(values: &[f64]) -> Option<f64> {
            if values.is_empty() {
                return None;
            }
            Some(values.iter().sum::<f64>() / values.len() as f64)
        }
        ~~~

        - Python raises ZeroDivisionError for an empty list; here it is None.
      `,
    },
  ],
};
