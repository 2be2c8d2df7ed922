import type { MeshPublisher } from '../controller/mesh-publisher.ts';
import type { NodeIdentity } from '../core/delta/facts.ts';
import type { TypeUrl } from '../core/delta/type-urls.ts';
import type { ServiceIr } from '../core/ir/ir.ts';
import type { NodeDescriptor } from '../core/ir/node.ts';
import {
  type AccessPolicy,
  type AccessScope,
  includesService,
  scopeOf,
} from '../core/security/access-policy.ts';
import { parseNodeMetadata } from '../core/translate/node-metadata.ts';
import { clustersOf, firstUnreadable, whyNotServed } from '../core/translate/readable.ts';
import type { Peer } from '../grpc/peer.ts';
import { type NodeDirectory, NodeRefused } from '../xds/contract.ts';

/** Which node is served what: by its own words, and where a policy is in force by the identity that it proved. */
export class NodeAccess {
  readonly #publisher: () => MeshPublisher | undefined;
  #policy: AccessPolicy | undefined;
  readonly #scopes = new Map<string, AccessScope | undefined>();
  /** Whose a node id is, and on how many streams. */
  readonly #holders = new Map<string, { readonly identity: string; streams: number }>();

  /** @param publisher undefined until there is something to tell */
  constructor(publisher: () => MeshPublisher | undefined, policy: AccessPolicy | undefined) {
    this.#publisher = publisher;
    this.#policy = policy;
  }

  /** Another policy is in force; nodes that are connected have to be asked about again. */
  use(policy: AccessPolicy): void {
    this.#policy = policy;
    this.#scopes.clear();
  }

  /** As the xDS server asks it; names and reports are looked at only where a policy may say something of them. */
  directory(): NodeDirectory {
    const everywhere: NodeDirectory = {
      viewOf: (node, peer) => this.viewOf(node, peer),
      admit: (node, peer) => this.admit(node, peer),
    };
    if (this.#policy === undefined) return everywhere;
    return {
      ...everywhere,
      whyNotRead: (node, peer, typeUrl, names) => this.#whyNotRead(node, peer, typeUrl, names),
      mayReport: (node, peer, cluster) => this.#mayReport(node, peer, cluster),
    };
  }

  admit(node: NodeIdentity, peer: Peer): void {
    const { identity } = peer;
    const holder = this.#holders.get(node.id);
    if (identity !== undefined && holder !== undefined && holder.identity !== identity)
      throw new NodeRefused(
        `the node id ${JSON.stringify(node.id)} belongs to ${holder.identity}, which is connected`,
        'PERMISSION_DENIED',
      );
    const scope = this.#scopeOf(peer);
    if (scope === undefined) return;
    const why = whyNotServed(scope, descriptorOf(node), node.id);
    if (why !== undefined) throw new NodeRefused(`${identity} ${why}`, 'PERMISSION_DENIED');
  }

  viewOf(node: NodeIdentity, peer: Peer): string {
    const scope = this.#scopeOf(peer);
    const callable = scope && {
      key: JSON.stringify(scope.calls),
      includes: (service: string) => includesService(scope.calls, service),
    };
    const view = this.#publisher()?.viewOf(node, callable);
    if (view === undefined) throw new NodeRefused('the control plane is starting; try again');
    if ('refused' in view) throw new NodeRefused(view.refused);
    return view.key;
  }

  #whyNotRead(node: NodeIdentity, peer: Peer, typeUrl: TypeUrl, names: Iterable<string>): string | undefined {
    const scope = this.#scopeOf(peer);
    if (scope === undefined) return undefined;
    const name = firstUnreadable(scope, descriptorOf(node), this.#services(), typeUrl, names);
    return name === undefined ? undefined : `${peer.identity} may not ask for ${name}`;
  }

  /** A sidecar tells of what it serves, or of what it may call. */
  #mayReport(node: NodeIdentity, peer: Peer, cluster: string): boolean {
    const scope = this.#scopeOf(peer);
    if (scope === undefined) return true;
    const descriptor = descriptorOf(node);
    if (descriptor.kind === 'inbound') return cluster.startsWith(`inbound/${descriptor.service}/`);
    return this.#services().some(
      (service) => includesService(scope.calls, service.id) && clustersOf(service).includes(cluster),
    );
  }

  /** A stream of a node has begun: nobody else may use its id until its last one ends. */
  connected(nodeId: string, identity: string | undefined): void {
    if (identity === undefined) return;
    const holder = this.#holders.get(nodeId) ?? { identity, streams: 0 };
    holder.streams += 1;
    this.#holders.set(nodeId, holder);
  }

  disconnected(nodeId: string): void {
    const holder = this.#holders.get(nodeId);
    if (holder === undefined) return;
    holder.streams -= 1;
    if (holder.streams === 0) this.#holders.delete(nodeId);
  }

  #services(): readonly ServiceIr[] {
    return [...(this.#publisher()?.services.values() ?? [])];
  }

  /** Undefined where no policy is in force. @throws {NodeRefused} no rule is for this identity */
  #scopeOf({ identity }: Peer): AccessScope | undefined {
    if (this.#policy === undefined) return undefined;
    if (identity === undefined)
      throw new NodeRefused('a client certificate is needed: a policy says who may ask', 'PERMISSION_DENIED');
    const known = this.#scopes.get(identity) ?? scopeOf(this.#policy, identity);
    if (known === undefined)
      throw new NodeRefused(`${identity} may not ask for anything: no rule is for it`, 'PERMISSION_DENIED');
    this.#scopes.set(identity, known);
    return known;
  }
}

function descriptorOf(node: NodeIdentity): NodeDescriptor {
  const descriptor = parseNodeMetadata(node.metadata);
  if (typeof descriptor === 'string') throw new NodeRefused(descriptor);
  return descriptor.kind === 'inbound' ? { ...descriptor, id: node.id } : descriptor;
}
