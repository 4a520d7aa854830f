/** What the process may use and do: limits before its sockets are opened, root directory and identity once they are. Whatever the
 * configuration asks for is done and read back, or the process does not start. For the standalone process and for workers alike.
 */
import { errnoText } from '../check/errno-text.ts';
import type { GlobalSettings } from '../model/configuration.ts';
import type { Addon } from '../native/addon.ts';
import type { Speaker } from './say.ts';

const NO_LIMIT = -1;
const MEGABYTE = 1_048_576;

/** True when <wanted> is more than <limit> allows. */
function exceeds(wanted: number, limit: number): boolean {
  return limit !== NO_LIMIT && wanted > limit;
}

/** `ulimit-n`: descriptors. A limit that cannot be had ends the start, unless `no strict-limits`. */
function limitDescriptors(addon: Addon, global: GlobalSettings, speaker: Speaker): boolean {
  const wanted = Number(global.settings.get('ulimit-n')?.[0] ?? 0);
  if (wanted === 0) return true;
  const [, hard = NO_LIMIT] = addon.resourceLimit('nofile');
  const result = addon.setResourceLimit('nofile', wanted, exceeds(wanted, hard) ? wanted : hard);
  if (result === 0) return true;
  const text = `[sluice.main()] Cannot raise FD limit to ${wanted}, limit is ${hard} (${errnoText(-result)}).`;
  if (!global.isStrict) speaker.warning(text);
  else speaker.alert(text);
  return !global.isStrict;
}

/** `-m`: megabytes of data segments and private memory together. */
function limitMemory(addon: Addon, megabytes: number, global: GlobalSettings, speaker: Speaker): boolean {
  if (megabytes === 0) return true;
  const bytes = megabytes * MEGABYTE;
  const result = addon.setResourceLimit('data', bytes, bytes);
  if (result === 0) return true;
  const text = `[sluice.main()] Cannot fix MEM limit to ${megabytes} megs (${errnoText(-result)}).`;
  if (!global.isStrict) speaker.warning(text);
  else speaker.alert(text);
  return !global.isStrict;
}

/** Limits that others follow from: to be set before they are read. False: it was said why, and the start is over. */
export function applyLimits(
  addon: Addon,
  global: GlobalSettings,
  memoryMb: number,
  speaker: Speaker,
): boolean {
  return limitDescriptors(addon, global, speaker) && limitMemory(addon, memoryMb, global, speaker);
}

/** `chroot`. What is open stays reachable; files named later are looked for inside. */
function changeRoot(addon: Addon, path: string, speaker: Speaker): boolean {
  if (path === '') return true;
  const result = addon.changeRoot(path === 'auto' ? '' : path);
  if (result === 0) return true;
  speaker.alert(`[sluice.main()] Cannot chroot(${path}): ${errnoText(-result)}.`);
  return false;
}

/** The first of the ids that is not what was asked for; undefined when all are. */
function wrongId(addon: Addon, uid: number | undefined, gid: number | undefined): string | undefined {
  const [ruid, euid, suid, rgid, egid, sgid] = addon.identity();
  const users = [ruid, euid, suid];
  const groups = [rgid, egid, sgid];
  if (gid !== undefined && groups.some((one) => one !== gid)) return `the groups are ${groups.join(', ')}`;
  if (uid !== undefined && users.some((one) => one !== uid)) return `the users are ${users.join(', ')}`;
  return undefined;
}

/** `user`, `group` and the other groups of whoever started us, which go with either. */
function changeIdentity(addon: Addon, global: GlobalSettings, speaker: Speaker): boolean {
  const { uid, gid } = global;
  if (uid === undefined && gid === undefined) return true;
  const [, before = 0, , , , , others = 0] = addon.identity();
  const dropsGroups = before === 0 && others > 0 && uid !== 0;
  const result = addon.setIdentity(uid ?? -1, gid ?? -1, dropsGroups);
  const who = [uid === undefined ? '' : `uid ${uid}`, gid === undefined ? '' : `gid ${gid}`]
    .filter((text) => text !== '')
    .join(' and ');
  if (result !== 0) {
    const why = before === 0 ? '' : ` The process was started by user ${before}; only root can do that.`;
    speaker.alert(`[sluice.main()] Cannot set ${who} (${errnoText(-result)}).${why}`);
    return false;
  }
  const wrong = wrongId(addon, uid, gid);
  const couldReturn = uid !== undefined && uid !== 0 && addon.setIdentity(0, -1, false) === 0;
  if (wrong === undefined && !couldReturn) return true;
  const text = wrong ?? 'it can become root again';
  speaker.alert(`[sluice.main()] Setting ${who} had no full effect: ${text}.`);
  return false;
}

/** Cores are on unless `set-dumpable off`: a change of user switches them off, and shells often do. */
function allowCores(addon: Addon, global: GlobalSettings, speaker: Speaker): void {
  const [, hard = NO_LIMIT] = addon.resourceLimit('core');
  if (!global.isDumpable) {
    addon.setResourceLimit('core', 0, hard);
    addon.setDumpable(false);
    return;
  }
  addon.setResourceLimit('core', hard, hard);
  if (addon.setDumpable(true) !== 0)
    speaker.warning('[sluice.main()] Failed to set the dumpable flag, no core will be dumped.');
}

/** Gives away what is no longer needed, once everything is open. False: it was said why, and the start is over. */
export function dropPrivileges(addon: Addon, global: GlobalSettings, speaker: Speaker): boolean {
  if (!changeRoot(addon, global.chroot, speaker)) return false;
  if (!changeIdentity(addon, global, speaker)) return false;
  allowCores(addon, global, speaker);
  return true;
}
