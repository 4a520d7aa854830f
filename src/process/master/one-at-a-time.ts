/** Work that must not overlap with itself: who asks while it is done shares the next round, which begins after this one and so sees
 * what is newest; no matter how many ask, one round waits. Owns who waits.
 */

export class OneAtATime<Order, Result> {
  private readonly work: (order: Order) => Promise<Result>;
  private readonly onRest: () => void;
  private running: Promise<Result> | undefined;
  private next: Promise<Result> | undefined;

  /** <onRest>: a round has ended, and no other one waits. */
  constructor(work: (order: Order) => Promise<Result>, onRest: () => void) {
    this.work = work;
    this.onRest = onRest;
  }

  get isBusy(): boolean {
    return this.running !== undefined;
  }

  /** Of those who share a round the first one's <order> counts. */
  ask(order: Order): Promise<Result> {
    if (this.running === undefined) {
      this.running = this.work(order).finally(() => {
        this.running = undefined;
        if (this.next === undefined) this.onRest();
      });
      return this.running;
    }
    const again = () => {
      this.next = undefined;
      return this.ask(order);
    };
    this.next ??= this.running.then(again, again);
    return this.next;
  }
}
