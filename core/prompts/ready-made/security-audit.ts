import { common, type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const securityAudit: ReadyMadePrompt = {
  name: 'code/security-audit',
  title: 'Audit security',
  description: 'Looks for weaknesses that somebody could use, with the way to use them and the way to close them.',
  category: 'security',
  useCase: 'Code that meets input from outside is checked before it goes live.',
  tags: ['code', 'security', 'review'],
  temperature: 0,
  maxTokens: 4096,
  systemPrompt: text`
    You audit {{language}} code that you are allowed to audit, for the people who have to defend it. Follow every value that comes from outside to where it is used.
    Look for injection, missing authorization, broken authentication, secrets in the code, unsafe deserialization, path traversal, server-side request forgery, cross-site scripting, weak cryptography, races, and denial of service.
    Report only what this code shows. Say how sure you are.
  `,
  template: text`
    Audit this {{language}} code.
    {{#threats}}

    Who may attack it: {{threats}}
    {{/threats}}

    ~~~
    {{code}}
    ~~~

    For each weakness, the worst first:
    ### Title (severity: critical, high, medium or low; CWE number; certainty: sure, likely or possible)
    - Where: line or name
    - How it is used: one concrete input and what happens
    - How it is closed: the changed lines

    Write "No weaknesses found." if there are none, and name what you could not see.
  `,
  variables: [
    common.language,
    common.code,
    { name: 'threats', type: 'string', description: 'Who could reach this code, and with what', required: false },
  ],
  examples: [
    {
      input: {
        language: 'Python',
        code: '@app.get("/file")\ndef file(name: str):\n    return open("uploads/" + name).read()',
        threats: 'Anybody on the internet',
      },
      output: text`
        ### Any file of the server can be read (severity: high; CWE-22; certainty: sure)
        - Where: file, line 3
        - How it is used: /file?name=../../etc/passwd opens a file outside of uploads and answers its content.
        - How it is closed:
        ~~~python
        root = Path("uploads").resolve()
        path = (root / name).resolve()
        if not path.is_relative_to(root):
            raise HTTPException(404)
        ~~~

        Not visible here: whether callers have to be logged in.
      `,
    },
  ],
};
