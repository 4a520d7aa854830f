/**
 * The order of the rooms, lowest first. A folder of src/ imports only from layers below its own; folders on one line do
 * not import each other. A lower layer that needs an upper one asks through an interface in model/. The tidy test
 * reads this table; nothing else does.
 */
export const layers: readonly (readonly string[])[] = [
  ['base'],
  ['native'],
  ['config'],
  ['model'],
  ['pattern'],
  ['sample'],
  ['acl', 'lb', 'log'],
  ['action', 'http', 'compression'],
  ['stream'],
  ['check', 'resolvers'],
  ['section'],
  ['stats'],
  ['state'],
  ['cli'],
  ['process'],
  ['gzip', 'postmortem', 'prove', 'origin'],
  ['keywords.ts', 'early.ts', 'commands.ts', 'layers.ts'],
  ['index.ts', 'main.ts', 'master.ts', 'data-thread.ts'],
];

/** Rooms with a shorter reach than their layer: the encoder's library is useful without a proxy around it. */
export const reaches: Readonly<Record<string, readonly string[]>> = {
  gzip: ['base', 'native', 'gzip'],
};

/** Which rooms may use a module of Node's or the addon; every other room goes through one of these. */
export const doors: Readonly<Record<string, readonly string[]>> = {
  'node-gyp-build': ['native'],
  'node:child_process': ['process', 'postmortem', 'prove', 'origin'],
  'node:fs': [
    'native',
    'config',
    'process',
    'postmortem',
    'prove',
    'origin',
    'early.ts',
    'index.ts',
    'main.ts',
  ],
  'node:cluster': [],
  'node:zlib': [],
};
