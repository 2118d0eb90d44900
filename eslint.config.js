import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/** What each package may use of the others: arrows go down only. */
const arrows = {
  engine: [],
  prisma: [],
  plugins: ['engine'],
  core: ['engine', 'prisma', 'plugins'],
  schema: ['core', 'prisma', 'engine'],
  api: ['schema', 'core', 'engine'],
  client: [],
  scripts: ['engine', 'core', 'plugins', 'prisma', 'schema', 'api'],
};

const packages = ['api', 'client', 'core', 'engine', 'plugins', 'prisma', 'schema', 'scripts', 'tests'];

/** @param {string} from @param {string[]} allowed @returns {import('eslint').Linter.Config} */
function boundary(from, allowed) {
  const forbidden = packages.filter((name) => name !== from && !allowed.includes(name));
  const isPackage = packages.filter((name) => name !== from).join('|');
  return {
    files: [`${from}/**/*.{ts,js,mjs,svelte}`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: `^@anneal/(${forbidden.join('|')})(/|$)`,
              message: `${from} must not use this package: arrows go down only (docs/architecture.md).`,
            },
            { regex: `^(\\.\\./)+(${isPackage})/`, message: 'Import the package by its name; nobody reaches into another one’s inside.' },
          ],
        },
      ],
    },
  };
}

export default defineConfig(
  {
    ignores: [
      '**/node_modules/',
      '**/generated/',
      '**/build/',
      '**/.svelte-kit/',
      '**/.turbo/',
      '**/.cache/',
      '**/*.d.ts',
      'client/**/*.svelte',
      'client/**/*.{js,mjs}',
      'data/',
    ],
  },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  ...tseslint.configs.strictTypeChecked,
  {
    languageOptions: {
      parserOptions: { project: ['./tsconfig.json', './client/tsconfig.json'], tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-assertions': [
        'error',
        { assertionStyle: 'as', objectLiteralTypeAssertions: 'allow-as-parameter' },
      ],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      // Numbers and booleans read well inside a template.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // `return done();` in a function without a result is plain enough.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      // Spreading a string into its characters is meant.
      '@typescript-eslint/no-misused-spread': ['error', { allow: [{ from: 'lib', name: 'string' }, 'string'] }],
      // A method of an interface is often async for others' sake.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none' }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-console': 'off',
    },
  },
  ...Object.entries(arrows).map(([from, allowed]) => boundary(from, allowed)),
  {
    // Plain JavaScript: values of unknown shape are checked by hand, types come from comments.
    files: ['**/*.{js,mjs}'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
    },
  },
  // Workers and tools without type comments.
  { files: ['{engine,plugins,prisma}/**/*.mjs'], ...tseslint.configs.disableTypeChecked },
  {
    files: ['**/*.test.ts', 'tests/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
);
