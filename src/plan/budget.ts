/** What is known of a device's memory without asking for any. */
export interface MemoryFacts {
  /** The GPU is emulated: its memory is the computer's. */
  readonly software: boolean;
  /** `maxBufferSize` */
  readonly buffer_bytes: number;
  /** The computer's memory; null when it is not told. */
  readonly host_bytes: number | null;
}

const GIBIBYTE = 2 ** 30;
/** Where the computer's memory is not known. */
const CAUTIOUS_BYTES = GIBIBYTE;
/** Where there are several programs on one GPU, what was found free is not used up. */
const SHARE_OF_FOUND = 0.8;

/**
 * The most bytes that are taken without the user's word. WebGPU does not tell how much memory a GPU has: a card that
 * allows large buffers is taken to hold two of them. An emulated GPU may have a quarter of the computer's memory.
 */
export function cautiousBytes({ software, buffer_bytes, host_bytes }: MemoryFacts): number {
  if (software) return host_bytes === null ? CAUTIOUS_BYTES : host_bytes / 4;
  return 2 * buffer_bytes;
}

/**
 * The budget after a probe asked for `wanted` bytes and got `found`: all that is wanted, or a part of what is there.
 */
export function budgetAfter(wanted: number, found: number): number {
  return found >= wanted ? wanted : Math.floor(found * SHARE_OF_FOUND);
}
