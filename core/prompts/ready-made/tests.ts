import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const tests: ReadyMadePrompt = {
  name: 'code/tests',
  title: 'Write tests',
  description: 'Writes unit tests that fail when the code is wrong: usual cases, edges, and bad input.',
  category: 'testing',
  useCase: 'Code has no tests, or too few of them.',
  tags: ['code', 'testing'],
  temperature: 0.2,
  maxTokens: 4096,
  systemPrompt: text`
    You write {{language}} tests with {{framework}}. Each test checks one behavior, has a name that says which, and fails when that behavior is gone.
    Test what the code promises, not how it does it. No test depends on another one, on time, on the network, or on chance.
  `,
  template: text`
    Write tests with {{framework}} for this {{language}} code:

    ~~~
    {{code}}
    ~~~
    {{#behavior}}

    What it promises: {{behavior}}
    {{/behavior}}

    Cover the usual cases, the edges (empty, one, many, limits) and bad input. Answer with one file that runs as it stands. If a test would fail because the code is wrong, keep it and say so in a comment above it.
  `,
  variables: [
    common.language,
    { name: 'framework', type: 'string', description: 'Test framework: Vitest, pytest, JUnit 5, …', required: true },
    common.code,
    { name: 'behavior', type: 'string', description: 'What the code is meant to do, where it does not say so itself', required: false },
  ],
  examples: [
    {
      input: { language: 'Python', framework: 'pytest', code: 'def clamp(value, low, high):\n    return max(low, min(value, high))' },
      output: text`
        ~~~python
        import pytest

        from clamp import clamp


        @pytest.mark.parametrize(
            ("value", "expected"), [(5, 5), (0, 0), (10, 10), (-1, 0), (11, 10)]
        )
        def test_stays_within_the_limits(value, expected):
            assert clamp(value, 0, 10) == expected


        def test_has_one_value_when_the_limits_are_the_same():
            assert clamp(7, 3, 3) == 3


        def test_refuses_what_cannot_be_compared():
            with pytest.raises(TypeError):
                clamp("a", 0, 10)
        ~~~
      `,
    },
  ],
};
