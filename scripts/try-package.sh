#!/usr/bin/env bash
# The package as a stranger gets it: packed, installed into an empty folder, its command and its library called there.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
archive=$(npm pack --silent --ignore-scripts --pack-destination "$folder" "$root")
mkdir app && cd app
echo '{ "private": true, "type": "module", "allowScripts": { "sluice": true } }' >package.json
npm install --silent --no-audit "../$archive"
[ -f node_modules/sluice/build/Release/sluice.node ] || npm rebuild --silent sluice
[ ! -e node_modules/sluice/src ]
node_modules/.bin/sluice -v
node_modules/.bin/sluice -c -f node_modules/sluice/examples/quickstart.cfg
cat >try.js <<'END'
import { gunzipSync } from 'node:zlib';
import { version } from 'sluice';
import { gzip } from 'sluice/gzip';
const text = Buffer.from('sluice '.repeat(1000));
const packed = await gzip(text);
if (!gunzipSync(packed).equals(text)) throw new Error('sluice/gzip does not give back what it took');
console.log(`sluice ${version} from the package: ${text.length} bytes as ${packed.length}`);
END
node try.js
