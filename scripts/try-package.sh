#!/usr/bin/env bash
# The package as a stranger gets it: packed, installed into an empty folder, its command and its library called there.
# Once as it is on most machines, without a compiler, which needs prebuilt addons (npm run prebuilds); once compiled.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
archive=$folder/$(npm pack --silent --ignore-scripts --pack-destination "$folder" "$root")

# What a user needs and nothing else.
tar -tzf "$archive" | sed 's|^package/||' | sort >list
wanted='^(package\.json|README\.md|LICENSE|CHANGELOG\.md|binding\.gyp)$'
wanted+='|^bin/(sluice|package\.json|[a-z-]+\.cjs)$|^dist/([a-z0-9-]+/)*[a-z0-9-]+\.(js|d\.ts|cjs)$|^examples/'
wanted+='|^native/([a-z0-9_]+/)*[a-z0-9_]+\.(c|h|cc|def|map)$|^native/gdb/[a-z0-9_]+\.py$|^prebuilds/linux-(x64|arm64)/sluice\.node$'
wanted+='|^scripts/(install|native|lock|code-cache)\.mjs$|^scripts/keep-scripts\.cjs$'
if grep -Ev "$wanted" list || grep -E '^native/test/|\.test\.' list; then
  echo "these files are nothing for users"
  exit 1
fi
echo "the package: $(wc -l <list) files, $(du -k "$archive" | cut -f1) KB"

cat >try.js <<'END'
import { gunzipSync } from 'node:zlib';
import { version } from 'sluice';
import { gzip } from 'sluice/gzip';
const text = Buffer.from('sluice '.repeat(1000));
const packed = await gzip(text);
if (!gunzipSync(packed).equals(text)) throw new Error('sluice/gzip does not give back what it took');
console.log(`sluice ${version} from the package: ${text.length} bytes as ${packed.length}`);
END

cat >use.ts <<'END'
import { createGzip, Encoder, gzip, gzipSync, type Mode, SlzCompressionStream } from 'sluice/gzip';
const mode: Mode = 'fast';
const packed: Buffer = gzipSync('text', { mode });
export const later: Promise<Buffer> = gzip(packed, { level: 1 });
createGzip({ mode }).flush(2, () => new Encoder({ format: 'deflate-raw' }).mode);
new Blob([]).stream().pipeThrough(new SlzCompressionStream('gzip', { mode }));
// @ts-expect-error There is no such mode.
gzipSync('text', { mode: 'best' });
END

install() { # <folder>, in the environment of the caller
  mkdir "$1" && cd "$1"
  echo '{ "private": true, "type": "module", "allowScripts": { "sluice": true } }' >package.json
  npm install --silent --no-audit "$archive"
  # An npm that runs no scripts of packages unasked leaves them to this.
  [ -e node_modules/sluice/dist/sluice-control.cjs.cache ] || npm rebuild --silent sluice
  [ ! -e node_modules/sluice/src ]
}

try() {
  node_modules/.bin/sluice -v
  node_modules/.bin/sluice -c -f node_modules/sluice/examples/quickstart.cfg
  cp ../try.js . && node try.js
}

if grep -q "^prebuilds/linux-$(node -p process.arch)/" list; then
  mkdir bare
  for name in node npm sh env bash mkdir cp; do ln -s "$(command -v "$name")" "bare/$name"; done
  (
    PATH=$folder/bare
    unset CC CXX
    for tool in cc gcc clang c++ make python3; do ! command -v "$tool" || exit 1; done
    install without-compiler
    [ ! -e node_modules/sluice/build ]
    try
  )
  echo 'installed without a compiler'
else
  echo 'skipped: the installation without a compiler (npm run prebuilds)'
fi

cd "$folder"
export npm_config_build_from_source=true
install compiled
[ -f node_modules/sluice/build/Release/sluice.node ]
try

# Its types, as a strict program sees them, with the browser's library and without.
cp ../use.ts .
for lib in es2023 es2023,dom; do
  "$root/node_modules/.bin/tsc" --noEmit --strict --module nodenext --target es2023 --lib "$lib" \
    --types node --typeRoots "$root/node_modules/@types" use.ts
done
