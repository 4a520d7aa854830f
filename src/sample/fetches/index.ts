/** All fetches. A new family adds its line here. */
import type { Fetch } from '../declare.ts';
import { bodyFetches } from './body.ts';
import { captureFetches } from './capture.ts';
import { connectionFetches } from './connection.ts';
import { constantFetches } from './constant.ts';
import { cookieFetches } from './cookie.ts';
import { exchangeFetches } from './exchange.ts';
import { headerFetches } from './header.ts';
import { proxyFetches } from './proxy.ts';
import { proxyProtocolFetches } from './proxy-protocol.ts';
import { requestFetches } from './request.ts';
import { responseFetches } from './response.ts';

export const fetches: readonly Fetch[] = [
  ...bodyFetches,
  ...captureFetches,
  ...connectionFetches,
  ...constantFetches,
  ...cookieFetches,
  ...exchangeFetches,
  ...headerFetches,
  ...proxyFetches,
  ...proxyProtocolFetches,
  ...requestFetches,
  ...responseFetches,
];
