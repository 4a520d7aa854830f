/** The variables that HAProxy puts into its own environment, readable in the configuration (section 2.3 of its manual). */
import { HAPROXY_BRANCH, HAPROXY_VERSION } from './version.ts';

/** The default log formats as texts, to be extended by users: `"${HAPROXY_HTTP_LOG_FMT} …"`. */
export const LOG_FORMAT_TEXTS = {
  HAPROXY_HTTP_LOG_FMT:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r',
  HAPROXY_HTTP_CLF_LOG_FMT:
    '%{+Q}o %{-Q}ci - - [%trg] %r %ST %B "" "" %cp %ms %ft %b %s %TR %Tw %Tc %Tr %Ta %tsc %ac %fc %bc %sc %rc %sq %bq ' +
    '%CC %CS %hrl %hsl',
  HAPROXY_HTTPS_LOG_FMT:
    '%ci:%cp [%tr] %ft %b/%s %TR/%Tw/%Tc/%Tr/%Ta %ST %B %CC %CS %tsc %ac/%fc/%bc/%sc/%rc %sq/%bq %hr %hs %{+Q}r ' +
    '%[fc_err]/%[ssl_fc_err,hex]/%[ssl_c_err]/%[ssl_c_ca_err]/%[ssl_fc_is_resumed] %[ssl_fc_sni]/%sslv/%sslc',
  HAPROXY_TCP_LOG_FMT: '%ci:%cp [%t] %ft %b/%s %Tw/%Tc/%Tt %B %ts %ac/%fc/%bc/%sc/%rc %sq/%bq',
  HAPROXY_TCP_CLF_LOG_FMT:
    '%{+Q}o %{-Q}ci - - [%T] "TCP " 000 %B "" "" %cp %ms %ft %b %s %Th %Tw %Tc %Tt %U %ts-- %ac %fc %bc %sc %rc %sq %bq ' +
    '"" "" ',
} as const;

/** What is set before the files are read. */
export function haproxyVariables(
  localPeer: string,
  files: readonly string[],
): [name: string, value: string][] {
  return [
    ...Object.entries(LOG_FORMAT_TEXTS),
    ['HAPROXY_STARTUP_VERSION', HAPROXY_VERSION],
    ['HAPROXY_BRANCH', HAPROXY_BRANCH],
    ['HAPROXY_LOCALPEER', localPeer],
    ['HAPROXY_CFGFILES', files.join(';')],
  ];
}
