# One addon. native/ is globbed, so that a new file needs no line here. C++ only in native/binding, without exceptions
# or RTTI, and with its own allocation and throw functions (binding/alloc.cc), so that the result needs libc alone and
# one binary serves glibc and musl. `-z nodelete`: its statics are shared by all threads and must outlive any of them.
# Not on Linux it holds the encoder's face alone. _FILE_OFFSET_BITS is taken back: where a file's offset has 64 bits
# anyway, all it does is to ask for fcntl64 and its kin, which musl does not have.
# SLUICE_ADDON=debug|symbols|asan|faults builds the variants; `symbols` is the release's code with all a debugger wants, `faults`
# is made by scripts/build-faults.mjs, beside the release. Frame pointers stay: a crash report has the stack by them alone.
{
  'variables': {
    'variant': '<!(node -p "process.env.SLUICE_ADDON || \'release\'")',
  },
  'target_defaults': {
    'cflags!': ['-O3', '-pthread'],
    'cflags': ['-g', '-Wall', '-Wextra', '-fvisibility=hidden', '-fno-omit-frame-pointer', '<!@(node scripts/native.mjs portable-flags)'],
    'cflags_c': ['-std=gnu11'],
    'defines!': ['_FILE_OFFSET_BITS=64'],
    'include_dirs': ['native'],
    'msbuild_toolset': 'ClangCL', # the sources are GNU C
    'conditions': [
      ['variant=="release"', { 'cflags': ['-O2'] }],
      ['variant=="symbols"', { 'cflags': ['-O2', '-g3', '-fno-omit-frame-pointer'] }],
      ['variant=="debug"', { 'cflags': ['-O0', '-g3'] }],
      ['variant=="asan"', {
        'cflags': ['-O1', '-fsanitize=address,undefined', '-fno-sanitize-recover=undefined'],
        'ldflags': ['-fsanitize=address,undefined'],
      }],
      ['variant=="faults"', { 'cflags': ['-O2'], 'defines': ['FAULT_INJECTION'] }],
    ],
  },
  'targets': [
    {
      # The encoder's flags were measured against -O3 and -march=native: 17-22 % faster than either.
      'target_name': 'slz',
      'type': 'static_library',
      'sources': ['<!@(node scripts/native.mjs sources slz)'],
      'cflags': ['<!@(node scripts/native.mjs encoder-flags)'],
    },
    {
      'target_name': 'sluice',
      'dependencies': ['slz'],
      'sources': ['<!@(node scripts/native.mjs sources <(OS))'],
      'include_dirs': ['<!(node -p "require(\'node-addon-api\').include_dir")'],
      'defines': ['NAPI_VERSION=9', 'NAPI_DISABLE_CPP_EXCEPTIONS', 'NODE_ADDON_API_DISABLE_DEPRECATED'],
      'cflags_cc': [
        '-std=gnu++17', '-fno-exceptions', '-fno-rtti', '-fno-threadsafe-statics', '-Wno-unused-parameter',
        '-ffunction-sections',
      ],
      'conditions': [
        ['OS=="linux"', {
          'ldflags': [
            '-Wl,-z,nodelete', '-Wl,--as-needed', '-Wl,--build-id', '-Wl,--gc-sections', '-static-libgcc',
            '-Wl,--version-script=<(module_root_dir)/native/binding/exports.map',
          ],
        }],
      ],
    },
  ],
}
