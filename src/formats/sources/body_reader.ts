/** As much as Chromium gives at a time. */
const CHUNK_BYTES = 2 * 2 ** 20;

export interface BodyReader {
  /** The next bytes, valid until those after them are asked for; undefined: there are no more. */
  read(): Promise<Uint8Array | undefined>;
  /** Nothing more is wanted. */
  cancel(): Promise<void>;
}

/**
 * Reads an answer's body. Where streams fill memory that is handed to them, all of it goes through the same two
 * megabytes: memory that is new for every chunk waits for the collector, some 70 MB of it in Chromium.
 */
export function readBody(body: ReadableStream<Uint8Array<ArrayBuffer>>): BodyReader {
  const filled = fillingReader(body);
  if (!filled) {
    const reader = body.getReader();
    return { read: async () => (await reader.read()).value, cancel: () => reader.cancel() };
  }
  let memory = new ArrayBuffer(CHUNK_BYTES);
  return {
    async read() {
      const { value, done } = await filled.read(new Uint8Array(memory));
      if (value) memory = value.buffer;
      return done ? undefined : value;
    },
    cancel: () => filled.cancel(),
  };
}

function fillingReader(body: ReadableStream): ReadableStreamBYOBReader | null {
  try {
    return body.getReader({ mode: 'byob' });
  } catch {
    // Not in every browser, and not for every stream.
    return null;
  }
}
