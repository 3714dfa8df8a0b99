/** Who does what: attempts by host, and what waits by queue. */

export interface Attempt {
  hostname: string | null;
  queue: string | null;
  state: string | null;
  queued_when: string | null;
}

export interface Host {
  kind: string;
  hostname: string;
  status: string;
  queues: string[];
  capacity: number;
  is_draining?: boolean;
}

export interface QueueLoad {
  queue: string;
  hosts: number;
  /** Slots of the healthy workers that serve it and are not draining; they may serve others, too. */
  slots: number;
  running: number;
  queued: number;
  /** Since when the one waits that waits longest. */
  oldest: string | null;
}

const DEFAULT_QUEUE = 'default';

/** Return the attempts that run on a host. */
export function runningOn<A extends Attempt>(hostname: string, attempts: A[]): A[] {
  return attempts.filter((one) => one.state === 'running' && one.hostname === hostname);
}

/** Return each queue that is served or waited in, by name. */
export function queueLoads(hosts: Host[], attempts: Attempt[]): QueueLoad[] {
  const loads = new Map<string, QueueLoad>();
  const of = (queue: string): QueueLoad => {
    const known = loads.get(queue);
    if (known !== undefined) return known;
    const made = { queue, hosts: 0, slots: 0, running: 0, queued: 0, oldest: null };
    loads.set(queue, made);
    return made;
  };
  for (const host of hosts) {
    if (host.kind !== 'worker') continue;
    for (const queue of host.queues) {
      const load = of(queue);
      if (host.status !== 'healthy' || host.is_draining === true) continue;
      load.hosts += 1;
      load.slots += host.capacity;
    }
  }
  for (const one of attempts) {
    const load = of(one.queue ?? DEFAULT_QUEUE);
    if (one.state === 'running') load.running += 1;
    if (one.state !== 'queued') continue;
    load.queued += 1;
    if (one.queued_when !== null && (load.oldest === null || one.queued_when < load.oldest)) {
      load.oldest = one.queued_when;
    }
  }
  return [...loads.values()].sort((a, b) => a.queue.localeCompare(b.queue));
}

/** Return what waits longer than it should, the longest first. */
export function waitingLong<A extends Attempt>(attempts: A[], now: number, patienceMs: number): A[] {
  return attempts
    .filter((one) => one.state === 'queued' && one.queued_when !== null)
    .filter((one) => now - new Date(one.queued_when ?? 0).getTime() > patienceMs)
    .sort((a, b) => (a.queued_when ?? '').localeCompare(b.queued_when ?? ''));
}
