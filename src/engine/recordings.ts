import type { Commands, Recorded } from '../gpu/commands.ts';
import type { Dispatcher } from './dispatcher.ts';

/**
 * What a single token needs, recorded once: pipelines and bind groups. Repeating it creates nothing. The recordings
 * hold only as long as the buffers in them.
 */
export class Recordings {
  private readonly commands: Commands;
  private readonly recordings = new Map<string, Recorded[]>();

  constructor(commands: Commands) {
    this.commands = commands;
  }

  run(name: string, steps: (recorder: Dispatcher) => void): void {
    let recording = this.recordings.get(name);
    if (!recording) {
      const recorded: Recorded[] = [];
      const { commands } = this;
      steps({ dispatch: (...call) => void recorded.push(commands.prepare(...call)) });
      this.recordings.set(name, recorded);
      recording = recorded;
    }
    for (const recorded of recording) this.commands.run(recorded);
  }

  /** Buffers have been replaced. */
  forget(): void {
    this.recordings.clear();
  }
}
