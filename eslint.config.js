// Lint rules. The import boundaries of docs/architecture.md are rules here, so that
// the direction of the arrows is checked and not only drawn.
import js from '@eslint/js';
import tseslint from 'typescript-eslint';

/** A folder may not import the ones named; the message says why. */
const boundary = (files, forbidden, why) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      { patterns: forbidden.map((regex) => ({ regex, message: why })) },
    ],
  },
});

export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'native/build*/', '.wolfguard/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      // node:test returns promises that the runner itself awaits.
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            {
              from: 'package',
              package: 'node:test',
              name: ['test', 'describe', 'it', 'suite', 'before', 'after'],
            },
          ],
        },
      ],
    },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    languageOptions: { globals: { process: 'readonly', console: 'readonly', URL: 'readonly' } },
  },
  {
    files: ['core/**/*.ts'],
    rules: {
      'no-restricted-globals': [
        'error',
        'process',
        'setTimeout',
        'setInterval',
        'fetch',
        'console',
        'performance',
      ],
      'no-restricted-properties': [
        'error',
        {
          object: 'Date',
          property: 'now',
          message: 'core reads no clock: take the time as an argument',
        },
        {
          object: 'Math',
          property: 'random',
          message: 'core makes no randomness: take it as an argument',
        },
      ],
    },
  },
  boundary(
    ['core/**/*.ts'],
    ['^(?!\\.|node:buffer$)', '/(config|certs|server|worker|native|cli|web)/'],
    'core imports nothing but core and node:buffer',
  ),
  boundary(
    ['config/**/*.ts'],
    ['/(certs|server|worker|native|cli|web)/'],
    'config imports core only',
  ),
  boundary(['certs/**/*.ts'], ['/(server|worker|cli|web)/'], 'certs knows no process'),
  boundary(['server/**/*.ts'], ['/(worker|cli|web)/'], 'server and worker meet in core/ipc only'),
  boundary(['worker/**/*.ts'], ['/(server|cli|web)/'], 'server and worker meet in core/ipc only'),
);
