/** Which families of keywords the proxy sections know. A new family is one line here. */
import type { Keyword } from '../config/keyword.ts';
import { bindKeywords } from './bind.ts';
import { compressionKeywords } from './compression.ts';
import { conditionKeywords } from './condition-keywords.ts';
import { errorKeywords } from './errors.ts';
import { logKeywords } from './log-keywords.ts';
import { optionKeywords } from './options.ts';
import { proxyKeywords } from './proxy-keywords.ts';
import type { ProxySection } from './proxy-section.ts';
import { ruleKeywords } from './rule-keywords.ts';
import { serverKeywords } from './server.ts';
import { stateProxyKeywords } from './state-keywords.ts';
import { timeoutKeywords } from './timeouts.ts';

export const proxySectionKeywords: readonly (readonly Keyword<ProxySection>[])[] = [
  proxyKeywords,
  timeoutKeywords,
  optionKeywords,
  bindKeywords,
  serverKeywords,
  logKeywords,
  compressionKeywords,
  errorKeywords,
  conditionKeywords,
  stateProxyKeywords,
  ruleKeywords,
];
