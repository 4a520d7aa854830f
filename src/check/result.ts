/** What a check may answer: HAProxy's statuses with their short and long names (management guide 9.1, column check_status). */

export type CheckStatus =
  | 'UNK'
  | 'INI'
  | 'SOCKERR'
  | 'L4OK'
  | 'L4TOUT'
  | 'L4CON'
  | 'L7OK'
  | 'L7OKC'
  | 'L7TOUT'
  | 'L7RSP'
  | 'L7STS';

/** Long names, for messages and the column check_desc. */
export const STATUS_TEXTS: Readonly<Record<CheckStatus, string>> = {
  UNK: 'Unknown',
  INI: 'Initializing',
  SOCKERR: 'Socket error',
  L4OK: 'Layer4 check passed',
  L4TOUT: 'Layer4 timeout',
  L4CON: 'Layer4 connection problem',
  L7OK: 'Layer7 check passed',
  L7OKC: 'Layer7 check conditionally passed',
  L7TOUT: 'Layer7 timeout',
  L7RSP: 'Layer7 invalid response',
  L7STS: 'Layer7 wrong status',
};

/** Numbers of `show servers state` (srv_check_status): positions in HAProxy's list of statuses. */
export const STATUS_NUMBERS: Readonly<Record<CheckStatus, number>> = {
  UNK: 0,
  INI: 1,
  SOCKERR: 5,
  L4OK: 6,
  L4TOUT: 7,
  L4CON: 8,
  L7TOUT: 12,
  L7RSP: 13,
  L7OK: 15,
  L7OKC: 16,
  L7STS: 17,
};

export interface CheckResult {
  readonly status: CheckStatus;
  /** HTTP status; 0 = none. */
  readonly code: number;
  /** What the server said, or the error; '' = nothing. */
  readonly info: string;
  readonly durationMs: number;
}

/** `Layer7 wrong status, code: 500, info: "Oops", check duration: 1ms` */
export function reasonText(result: CheckResult): string {
  const code = result.code > 0 ? `, code: ${result.code}` : '';
  const hasInfo = result.info !== '' && result.status !== 'L7OK' && result.status !== 'L7OKC';
  const info = hasInfo ? `, info: "${result.info}"` : '';
  return `${STATUS_TEXTS[result.status]}${code}${info}, check duration: ${result.durationMs}ms`;
}
