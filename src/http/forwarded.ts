/** Hot path. Fields that tell the server about the client's connection: `option forwardfor`, `option originalto`. The frontend's option
 * names the network to leave out first, then the backend's, as in HAProxy; the header is the backend's when both have one.
 */
import { type Network, parseNetwork } from '../base/ip.ts';
import type { ForwardFor } from '../model/proxy.ts';
import { destinationOf, sourceOf } from '../model/session-address.ts';
import type { Stream } from '../model/stream.ts';
import * as abi from '../native/abi.ts';

export interface ForwardPlan {
  /** Lower case. */
  readonly name: string;
  readonly id: number;
  readonly ifNone: boolean;
  readonly except: readonly Network[];
}

function networksOf(settings: (ForwardFor | undefined)[]): Network[] {
  const networks: Network[] = [];
  for (const setting of settings) {
    const network = setting?.except === undefined ? undefined : parseNetwork(setting.except.network);
    if (network !== undefined) networks.push(network);
  }
  return networks;
}

export function planForward(
  front: ForwardFor | undefined,
  back: ForwardFor | undefined,
): ForwardPlan | undefined {
  const header = back?.header ?? front?.header;
  if (header === undefined) return undefined;
  const name = header.toLowerCase();
  return {
    name,
    id: Math.max(abi.FIELD_NAMES.indexOf(name), 0),
    // One side without `if-none` means always.
    ifNone: (front === undefined || front.ifNone) && (back === undefined || back.ifNone),
    except: networksOf([front, back]),
  };
}

function isLeftOut(plan: ForwardPlan, stream: Stream): boolean {
  return plan.ifNone && stream.request.find(plan.id, plan.name, 0) >= 0;
}

export function addForwardedFor(plan: ForwardPlan, stream: Stream): void {
  if (isLeftOut(plan, stream)) return;
  const address = sourceOf(stream);
  if (address === undefined) return;
  for (let i = 0; i < plan.except.length; i++) if (plan.except[i]?.contains(address)) return;
  let text = stream.source === undefined ? stream.session.sourceText : address.toString();
  if (text === '') {
    text = address.toString();
    stream.session.sourceText = text;
  }
  stream.request.addField(plan.name, text);
}

export function addOriginalTo(plan: ForwardPlan, stream: Stream): void {
  if (isLeftOut(plan, stream)) return;
  const address = destinationOf(stream);
  if (address === undefined) return;
  for (let i = 0; i < plan.except.length; i++) if (plan.except[i]?.contains(address)) return;
  stream.request.addField(plan.name, address.toString());
}
