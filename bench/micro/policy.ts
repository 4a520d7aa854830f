/** What rules cost per request: conditions, expressions, header edits, as the `policy` scenario uses them.
 *
 *   npx esbuild bench/micro/policy.ts --bundle --platform=node --format=esm --outfile=/tmp/policy.mjs && node /tmp/policy.mjs
 */
import { Bench } from 'tinybench';
import { parseCondition } from '../../src/acl/condition.ts';
import { parseRule } from '../../src/action/parse.ts';
import { parseExpressionText } from '../../src/sample/expression.ts';
import { attachHead, policyBench } from '../../test/tool/policy-stream.ts';
import { TestContext } from '../../test/tool/rule-context.ts';

const REQUEST = [
  'GET /api/v1/items.json?x=1 HTTP/1.1',
  'host: www.example.org',
  'user-agent: Mozilla/5.0 (X11; Linux x86_64)',
  'accept: */*',
  'x-forwarded-for: 192.0.2.1, 192.0.2.2',
  'cookie: session=abcdef',
  '\r\n',
].join('\r\n');

const bench = policyBench(REQUEST);
const { stream } = bench;
const context = new TestContext(bench, 'http-request');
const suite = new Bench({ time: 300 });

function condition(text: string): void {
  const compiled = parseCondition(context.cursor(text), context);
  suite.add(text, () => {
    compiled?.test(stream);
  });
}

function expression(text: string): void {
  const compiled = parseExpressionText(text, context, undefined);
  suite.add(text, () => {
    compiled?.evaluate(stream);
  });
}

/** Each run begins with a head without edits. */
function rule(text: string): void {
  const compiled = parseRule('http-request', context.cursor(text), context);
  suite.add(text, () => {
    attachHead(stream.request, REQUEST);
    compiled?.action.run(stream);
  });
}

condition('if { path_beg /api/ }');
condition('if { path_end .gif .png .jpg .css .js .ico .svg }');
condition('if { hdr(host) -i www.example.org }');
condition('if { path_reg ^/api/v[0-9]+/ }');
condition('if { src 10.0.0.0/8 127.0.0.0/8 }');
condition('if { method POST } or { req.hdr_cnt(cookie) 0 }');
expression('path,lower');
expression('req.hdr(user-agent),length');
expression('req.hdr(x-forwarded-for),word(1,\\,)');
expression('src');
suite.add('(attach a head)', () => {
  attachHead(stream.request, REQUEST);
});
rule('set-header x-client %[src]');
rule('set-header x-fixed value');
rule('del-header cookie');
await suite.run();
console.table(suite.table());
console.log(context.said);
