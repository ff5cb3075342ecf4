import type { GenerationEvent, Residence } from './protocol.ts';

const MOST_PER_SECOND = 30;

type Listener = (event: GenerationEvent) => unknown;

/**
 * Sends an answer's events. Each message to the page has an answer of its own; `drained` waits for the last, so
 * that no event arrives after the result.
 */
export class EventSender {
  private readonly listener: Listener;
  private last: unknown;
  private residenceAt = Number.NEGATIVE_INFINITY;

  constructor(listener: Listener) {
    this.listener = listener;
  }

  send(event: GenerationEvent): void {
    this.last = this.listener(event);
  }

  /** Sends what is on the GPU, unless that was done a moment ago. */
  residence(read: () => Residence): void {
    const now = performance.now();
    if (now - this.residenceAt < 1000 / MOST_PER_SECOND) return;
    this.residenceAt = now;
    this.send({ type: 'residence', residence: read() });
  }

  async drained(): Promise<void> {
    await this.last;
  }
}
