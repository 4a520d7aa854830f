/** The addon's faces as TypeScript sees them (native/binding/*.cc). `loadAddon` is the only way to get one. Process-wide calls
 * are for the main thread before data threads start; engine calls are for the thread that created the engine.
 */

/** Memory of one engine, made by C, shared with TypeScript without copies. */
export interface EngineMemory {
  /** Events of the batch, EVENT_WORDS each (END: EVENT_END_WORDS). */
  readonly events: Uint32Array;
  readonly commands: Uint32Array;
  readonly edits: Uint32Array;
  readonly text: Uint8Array;
  readonly arena: Uint8Array;
  /** For the flight recorder: index and generation of the stream that policy works on. */
  readonly work: Uint32Array;
}

export interface CrashSettings {
  /** To the master, or -1. */
  channelFd: number;
  /** Where idle client connections go, or -1. */
  handoverFd: number;
  /** '' = no reports. */
  reportDir: string;
  version: string;
  runtimeVersion: string;
  config: string;
  generation: number;
}

export interface EngineLimits {
  /** tune.bufsize, bytes. */
  bufsize: number;
  /** tune.maxrewrite, bytes. */
  maxrewrite: number;
  /** tune.http.maxhdr, fields. */
  maxFields: number;
  /** Connections of both sides the process may have at once. */
  connsMax: number;
  /** Cap of the buffer pool, bytes. */
  poolMaxBytes: number;
  /** tune.idle-pool.shared */
  idleShared: boolean;
  /** guard-pages: buffers lie against unmapped memory. */
  guardPages: boolean;
  threads: number;
}

export interface Addon {
  /** native/engine/abi.def's fingerprint: checked at load. */
  readonly abi: number;

  // --- process-wide, main thread ---
  /** `live` is over a SharedArrayBuffer: LIVE_WORDS per record; record 0 the process, then proxies, servers, listeners. */
  processInit(
    live: Int32Array,
    proxies: number,
    servers: number,
    listeners: number,
    limits: EngineLimits,
  ): void;
  setProxy(index: number, words: Uint32Array): void;
  /** `sockaddr`: a struct sockaddr as bytes (see `sockaddr` of src/native/sockaddr.ts); empty = no address. */
  setServer(index: number, words: Uint32Array, sockaddr: Uint8Array): void;
  setListener(index: number, words: Uint32Array): void;
  /** kind 0 datagram to `sockaddr` (UDP or unix), 1 descriptor. Returns 0 or -errno. */
  setLogTarget(index: number, kind: number, sockaddr: Uint8Array, fd: number): number;
  /** socket + bind + listen; the descriptor or -errno. flags: 1 v6only, 2 v4v6, 4 no SO_REUSEPORT, 8 defer-accept,
   * 16 transparent, 32 SO_REUSEPORT once bound. `netns`: what `netnsOpen` gave, or -1; `device`: an interface's name, or ''. */
  listen(sockaddr: Uint8Array, backlog: number, flags: number, netns?: number, device?: string): number;
  /** A descriptor of the network namespace <name>, or -errno. */
  netnsOpen(name: string): number;
  /** Connects to a unix socket (a blocking one); the descriptor or -errno. */
  connectUnix(sockaddr: Uint8Array, waitMs: number): number;
  /** Sends bytes (a page at most) with up to 253 descriptors, never blocking: 0 or -errno. */
  sendDescriptors(fd: number, data: Uint8Array, descriptors: readonly number[]): number;
  /** Waits so long, receives bytes into `out` and descriptors into `descriptors`: bytes, 0 at the end, or -errno. */
  receiveDescriptors(fd: number, out: Uint8Array, descriptors: number[], waitMs: number): number;
  /** Bits: 1 a listening stream socket, 2 IPv6 alone, 4 transparent. */
  socketTraits(fd: number): number;
  /** Stops a TCP socket from listening; `setBacklog` lets it listen again: 0 or -errno. */
  pauseListener(fd: number): number;
  /** chroot; '' = a directory without a name: 0 or -errno. */
  changeRoot(path: string): number;
  /** User and group (-1 = stay) of the whole process; 0 or -errno. */
  setIdentity(uid: number, gid: number, dropsGroups: boolean): number;
  /** [real, effective, saved user, real, effective, saved group, how many other groups]. */
  identity(): number[];
  /** [soft, hard], -1 = none. */
  resourceLimit(name: 'nofile' | 'core' | 'data'): number[];
  setResourceLimit(name: 'nofile' | 'core' | 'data', soft: number, hard: number): number;
  setDumpable(on: boolean): number;
  /** The calling thread runs on these processors alone; 0 or -errno. */
  setAffinity(processors: readonly number[]): number;
  /** Standard streams become /dev/null. */
  silenceStreams(): number;
  /** Checks that `fd` is a listening stream socket and makes it non-blocking; 0 or -errno. */
  adoptListener(fd: number): number;
  closeFd(fd: number): void;
  /** Sends one datagram to a unix socket (sd_notify, /dev/log); 0 or -errno. */
  sendUnixDatagram(path: string, data: Uint8Array): number;
  /** `getsockname` of a descriptor into `out`; its length or -errno. */
  socketName(fd: number, out: Uint8Array): number;
  /** [soft, hard] of RLIMIT_NOFILE. */
  descriptorLimit(): number[];
  /** For `show info`: [pool bytes used, their cap, connection slots ever used]. */
  processUsage(): number[];

  // --- the flight recorder (native/crash/record.h, read by record.ts), main thread, before engines are made ---
  /** Makes the recorder in the shared memory `fd` (-1: in new memory). Its descriptor, for the master to hold, or -errno. */
  recorderCreate(fd: number, threads: number, proxies: number, servers: number, listeners: number): number;
  /** Names all proxies, servers and listeners, in this order, a NUL behind each name. */
  recorderNames(names: string): void;
  // --- what happens when the process dies (native/crash/crash.h) ---
  /** Once, by main, when the recorder is made: 0, or -errno when reports cannot go to `reportDir`. */
  crashSetup(settings: CrashSettings): number;
  /** A thread that runs an engine gets a stack for signals. */
  crashThread(): void;
  /** Ends the process when a thread of crashThread does not come back for so long (watchdog.h); 0 or -errno. */
  watchdogStart(limitMs: number): number;
  /** JavaScript ends the process: tells the master and writes a report. `cause`: RECORD_CAUSE_* of record-layout.ts. */
  crashReport(cause: number, text: string): void;
  /** The same; with a master it does not come back: idle clients go to the successor, and the process ends. */
  crashEnd(cause: number, text: string): void;
  // --- descriptors and processes (fd_face.cc), main thread ---
  /** Calls <onReadable> while <fd> has something to read (level-triggered); the answer stops it, before <fd> is closed. */
  watch(fd: number, onReadable: () => void): () => void;
  /** Two ends of a SOCK_SEQPACKET pair, or -errno. */
  packetPair(): readonly [number, number] | number;
  /** Two ends of a SOCK_STREAM pair, or -errno. */
  streamPair(): readonly [number, number] | number;
  /** One packet with descriptors, which stay ours too: 0 or -errno. */
  packetSend(fd: number, data: Uint8Array, fds: readonly number[]): number;
  /** One packet into <data>, its descriptors into <fds>, which is empty before: its length, 0 at the end, or -errno. */
  packetReceive(fd: number, data: Uint8Array, fds: number[]): number;
  /** A descriptor of a sealed file in memory that holds <data>, or -errno. */
  memoryFile(name: string, data: Uint8Array): number;
  /** Starts <path>; <fds> become its 0, 1, 2… (-1: /dev/null). Its number, or -errno. It is killed when we end. */
  childStart(path: string, argv: readonly string[], env: readonly string[], fds: readonly number[]): number;
  /** How it ended (its code, or 128 + signal), -1 while it runs, -2 when it is no child of ours. */
  childWait(pid: number): number;
  /** SIGKILL for us when our parent is gone: lost with a change of user. */
  dieWithParent(): number;
  /** Replaces the program in this process, <keep> stay open; comes back only with -errno. */
  execSelf(path: string, argv: readonly string[], env: readonly string[], keep: readonly number[]): number;
  /** Signals to a master stay pending in every thread, over `execSelf` too; 0 or -errno. */
  holdSignals(): number;
  /** They arrive from now on. */
  releaseSignals(): void;
  /** How many may wait on a listening socket; 0 or -errno. */
  setBacklog(fd: number, backlog: number): number;

  // --- one engine per thread ---
  /** `tracePath`: where a binary trace for native/test/replay is written; none when absent. */
  engineCreate(thread: number, tracePath?: string): EngineMemory;
  /** Starts polling; `onBatch(count)` is called with the number of events, its return value is the number of commands. */
  engineStart(onBatch: (events: number) => number): void;
  /** Executes `count` commands outside a batch. */
  engineExec(count: number): void;
  /** Adds (1) or removes (0) the process's listeners from this thread's polling. */
  engineListen(on: number): void;
  /** Soft stop: idle client connections close, the others after their response. Not inside a batch. */
  engineStop(): void;
  /** A successor serves: this thread's listeners leave polling, idle client connections accepted from `listeners` (indexes, with a
   * socket id) go to the SOCK_SEQPACKET end `handoverFd` (-1: none goes), busy ones after their response; the others end with
   * their next response. Once, not inside a batch. */
  engineRetire(handoverFd: number, listeners: Uint32Array): void;
  /** Takes client connections that a predecessor sent to the other end of `fd`; on main's thread, not inside a batch. Fills
   * `counts` (2 words) with those adopted and refused. 0: no more now; 1: call again; 2: the other end is closed; -errno
   * (-EAGAIN: no thread of this process listens yet). */
  handoverReceive(fd: number, counts: Uint32Array): number;
  /** Client connections and streams alive in this thread. */
  engineLive(): number;
  /** Monotonic ms of the current turn; wall clock ms. */
  engineNow(): number;
  /** Fills `out` (28 bytes) with a sockaddr of a conn: which 0 peer, 1 local. Returns its length or -errno. */
  connAddress(conn: number, generation: number, which: number, out: Uint8Array): number;
  /** The same for the server side of a stream: which 0 the server, 1 our own end. */
  serverAddress(stream: number, generation: number, which: number, out: Uint8Array): number;
  /** Counters of this engine, u64 as doubles, in the order of ENGINE_COUNTERS. */
  engineCounters(out: Float64Array): void;
  /** Frees everything of this thread's engine: open streams are reset. */
  engineDestroy(): void;

  // --- the encoder (sluice/gzip) is a face of its own, see src/gzip ---
}
