/** Actions of HAProxy 3.5 that are not built yet, by rule set: they are announced by name and their rules ignored, instead of being
 * called unknown. `*` ends the name of one that takes parentheses or a number.
 */
import type { RuleSet } from '../model/rules.ts';

const COUNTERS = 'sc-add-gpc* sc-inc-gpc* sc-set-gpt* track-sc*';
const MARKS = 'set-fc-mark set-fc-tos set-mark set-nice set-tos do-log';
const SERVER_MARKS = 'set-bc-mark set-bc-tos';
const MAPS = 'add-acl* del-acl* del-map* set-map*';
const HEADERS = 'add-headers-bin del-headers-bin set-headers-bin';

const KNOWN: { readonly [ruleSet in RuleSet]: string } = {
  'tcp-request connection': `${COUNTERS} ${MARKS} expect-netscaler-cip`,
  'tcp-request session': `${COUNTERS} ${MARKS} attach-srv`,
  'tcp-request content': `${COUNTERS} ${MARKS} ${SERVER_MARKS} do-resolve* send-spoe-group set-bandwidth-limit set-priority-class set-priority-offset set-retries switch-mode use-service`,
  'tcp-response content': `${COUNTERS} ${MARKS} send-spoe-group set-bandwidth-limit`,
  'http-request': `${COUNTERS} ${MARKS} ${SERVER_MARKS} ${MAPS} ${HEADERS} auth cache-use disable-l7-retry do-resolve* early-hint normalize-uri send-spoe-group set-bandwidth-limit set-priority-class set-priority-offset set-retries use-service wait-for-handshake`,
  'http-response': `${COUNTERS} ${MARKS} ${MAPS} ${HEADERS} cache-store pause send-spoe-group set-bandwidth-limit wait-for-body`,
  'http-after-response': `${COUNTERS} ${MAPS} ${HEADERS} do-log`,
};

export function isKnownAction(ruleSet: RuleSet, word: string): boolean {
  const name = word.replace(/\(.*$/s, '');
  return KNOWN[ruleSet]
    .split(' ')
    .some((known) => (known.endsWith('*') ? name.startsWith(known.slice(0, -1)) : name === known));
}
