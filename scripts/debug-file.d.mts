/** Strips <addon> and writes <addon>.debug beside it; <prefix> is that of the tools, as `aarch64-linux-gnu-`. */
export function splitDebug(addon: string, prefix?: string): void;
