const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const lossy = new TextDecoder('utf-8', { ignoreBOM: true });

/** Shorter than this, and plain ASCII, a string is put together faster than the decoder is called. */
const SHORT = 24;

/** The text, or null when the bytes are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | null {
  if (bytes.length < SHORT) {
    let text = '';
    for (const byte of bytes) {
      if (byte > 0x7f) return decodeStrictly(bytes);
      text += String.fromCharCode(byte);
    }
    return text;
  }
  return decodeStrictly(bytes);
}

function decodeStrictly(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch {
    return null;
  }
}

/** Text for a message, with U+FFFD for what is not UTF-8. */
export function decodeLossily(bytes: Uint8Array): string {
  return lossy.decode(bytes);
}
