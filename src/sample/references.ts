/** Names in arguments: proxies, servers, acls. They may be declared after the line that uses them, so each is looked up when it is
 * first used; whoever reads the configuration asks `find` once all is read, and says what is not there.
 */
import type { Proxy } from '../model/proxy.ts';
import type { RuleContext } from '../model/rule-context.ts';
import type { Server } from '../model/server.ts';
import type { Stream } from '../model/stream.ts';
import type { AclTest, Reference } from './declare.ts';

/** Resolved on first use, which is after the whole configuration was read; '' is the section the line stands in. */
export class ProxyReference implements Reference<Proxy> {
  readonly name: string;
  readonly kind: 'be' | 'fe';
  private readonly ctx: RuleContext;
  private found: Proxy | undefined;

  constructor(name: string, kind: 'be' | 'fe', ctx: RuleContext) {
    this.name = name;
    this.kind = kind;
    this.ctx = ctx;
  }

  /** True when nothing is to be found before a stream comes: rules of a `defaults` section run in other proxies. */
  get isOpen(): boolean {
    return this.name === '' && this.ctx.proxy === undefined;
  }

  /** undefined: there is no such proxy. */
  find(): Proxy | undefined {
    if (this.found === undefined) {
      const own = this.ctx.proxy;
      const isKind = (proxy: Proxy): boolean => (this.kind === 'be' ? proxy.isBackend : proxy.isFrontend);
      this.found =
        this.name === ''
          ? own !== undefined && isKind(own)
            ? own
            : undefined
          : this.ctx.configuration.proxies.find((proxy) => proxy.name === this.name && isKind(proxy));
    }
    return this.found;
  }

  of(stream: Stream): Proxy {
    const found = this.find();
    if (found !== undefined) return found;
    return this.kind === 'fe' ? stream.frontend : (stream.backend ?? stream.frontend);
  }
}

/** `backend/server`, or a server of the section the line stands in. */
export class ServerReference implements Reference<Server> {
  readonly name: string;
  private readonly ctx: RuleContext;
  private found: Server | undefined;

  constructor(name: string, ctx: RuleContext) {
    this.name = name;
    this.ctx = ctx;
  }

  find(): Server | undefined {
    if (this.found === undefined) {
      const slash = this.name.indexOf('/');
      const owner = slash < 0 ? this.ctx.proxy?.name : this.name.slice(0, slash);
      const server = this.name.slice(slash + 1);
      const backend = this.ctx.configuration.proxies.find((proxy) => proxy.name === owner && proxy.isBackend);
      this.found = backend?.servers.find((candidate) => candidate.name === server);
    }
    return this.found;
  }

  of(_stream: Stream): Server {
    return this.find() as Server;
  }
}

/** An acl of the section the line stands in; `!` before its name turns it around. */
export class AclReference implements AclTest {
  readonly name: string;
  private readonly isNegated: boolean;
  private readonly ctx: RuleContext;

  constructor(text: string, ctx: RuleContext) {
    this.isNegated = text.startsWith('!');
    this.name = this.isNegated ? text.slice(1) : text;
    this.ctx = ctx;
  }

  find(): { test(stream: Stream): boolean } | undefined {
    return this.ctx.acls.get(this.name) ?? this.ctx.predefinedAcl?.(this.name);
  }

  test(stream: Stream): boolean {
    return this.find()?.test(stream) !== this.isNegated;
  }
}

/** What a reference leads to, in the words of a message; undefined for anything else. */
export function referenceKind(value: unknown): string | undefined {
  if (value instanceof ServerReference) return 'server';
  if (value instanceof AclReference) return 'acl';
  if (value instanceof ProxyReference) return value.kind === 'be' ? 'backend' : 'frontend';
  return undefined;
}
