/** `<backend>/<server>` in the arguments of commands: each by name or by `#id`. */
import type { ServerRecord } from '../check/server-state.ts';
import { type Answer, fail } from './answer.ts';
import type { Command, Control } from './command.ts';

export type Found = { readonly record: ServerRecord } | { readonly error: string };

export function isNamed(one: { name: string; id: number }, wanted: string): boolean {
  return wanted.startsWith('#') ? one.id === Number(wanted.slice(1)) : one.name === wanted;
}

/** `backend/server`, each by name or by `#id`; or the sentence that says what there is not. */
export function findServer(control: Control, name: string | undefined): Found {
  const slash = name?.indexOf('/') ?? -1;
  if (name === undefined || slash < 0 || slash === name.length - 1) {
    return { error: "Require 'backend/server'.\n" };
  }
  const { proxies } = control.source.configuration;
  const backend = proxies.find((one) => one.isBackend && isNamed(one, name.slice(0, slash)));
  if (backend === undefined) return { error: 'No such backend.\n' };
  const server = backend.servers.find((one) => isNamed(one, name.slice(slash + 1)));
  if (server === undefined) return { error: 'No such server.\n' };
  return { record: control.source.states.of(server) };
}

/** A command whose first argument is a server. */
export function onServer(
  run: (control: Control, record: ServerRecord, args: readonly string[]) => Answer,
): Command['run'] {
  return (control, args) => {
    const found = findServer(control, args[0]);
    return 'error' in found ? fail(found.error) : run(control, found.record, args.slice(1));
  };
}
