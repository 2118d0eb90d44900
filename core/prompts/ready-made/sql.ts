import { type ReadyMadePrompt, text } from './ready-made-prompt.ts';

export const sql: ReadyMadePrompt = {
  name: 'sql/query',
  title: 'Write SQL',
  description: 'Writes a query from a question in words and the tables that there are.',
  category: 'sql',
  useCase: 'Somebody wants an answer from a database and does not write SQL every day.',
  tags: ['sql', 'data'],
  temperature: 0,
  maxTokens: 1024,
  systemPrompt: text`
    You write SQL for {{database}}. Use only the tables and columns that are given. Name every column, qualify names when there is more than one table, and mind NULL, duplicates made by joins, and time zones.
    {{#readOnly}}
    Write queries that read, and never ones that change anything, whatever the question asks for.
    {{/readOnly}}
  `,
  template: text`
    Tables:

    ~~~sql
    {{schema}}
    ~~~

    Question: {{question}}

    Answer with one {{database}} statement in a code block, with parameters for values that come from users. Below it, say in one sentence how you read the question. If the tables cannot answer it, say what is missing instead.
  `,
  variables: [
    { name: 'database', type: 'string', description: 'PostgreSQL, SQLite, MySQL, …', default: 'PostgreSQL', required: false },
    { name: 'schema', type: 'string', description: 'CREATE TABLE statements', required: true },
    { name: 'question', type: 'string', description: 'What is to be found out', required: true },
    { name: 'readOnly', type: 'boolean', description: 'Whether nothing may be changed', default: true, required: false },
  ],
  examples: [
    {
      input: {
        schema:
          'CREATE TABLE customer (id int PRIMARY KEY, name text);\nCREATE TABLE purchase (id int PRIMARY KEY, customer_id int REFERENCES customer, paid_at timestamptz);',
        question: 'Which customers have never paid for anything?',
      },
      output: text`
        ~~~sql
        SELECT customer.id, customer.name
        FROM customer
        WHERE NOT EXISTS (
          SELECT 1 FROM purchase WHERE purchase.customer_id = customer.id AND purchase.paid_at IS NOT NULL
        )
        ORDER BY customer.name, customer.id;
        ~~~

        A customer counts as one who never paid if no purchase of theirs has a time of payment.
      `,
    },
  ],
};
