import type { BlockTypeName } from '../formats/block_types.ts';

export type Constants = Readonly<Record<string, number | boolean>>;

/** How a kernel uses a buffer. */
export type Access = 'uniform' | 'read' | 'write';

export type Part =
  | 'activation'
  | 'attention_scores'
  | 'no_sinks'
  | 'sinks'
  | 'matvec_rows'
  | 'sum_subgroups'
  | 'sum_workgroup'
  | 'input_plain'
  | 'input_normed';

/**
 * A kernel as plain data. Its shape comes in through pipeline-overridable constants, named in the .wgsl file;
 * `bindings` lists group 0 in order.
 */
export interface Kernel {
  /** The name of the .wgsl file and of its entry point. */
  readonly label: string;
  readonly wgsl: string;
  /** Functions that the text calls, of which there is a choice: names of files in `shaders/parts`. */
  readonly parts?: readonly Part[];
  readonly bindings: Readonly<Record<string, Access>>;
  /** Group 1 holds the planes of a stored tensor, decoded by `shaders/quants/<type>.wgsl`. */
  readonly decodes: boolean;
  /** Group 1 of a kernel that decodes nothing: the planes of so many stored vectors, F32 as they are. */
  readonly vectors?: number;
  /** The planes' lengths, those of a matrix of the constants ROWS and COLS, stand in the text: see `sizedDecoder`. */
  readonly sized?: boolean;
  /** Workgroups along x and y. `tokens` is the number of rows of activations. */
  workgroups(constants: Constants, tokens: number): readonly [x: number, y: number];
}

/** A kernel for one set of constants, and one stored type if it decodes weights: one pipeline. */
export interface Specialization {
  readonly kernel: Kernel;
  readonly constants: Constants;
  readonly type?: BlockTypeName;
}

/** A range of a buffer, as a binding. Without a size, up to the end. */
export interface BufferView {
  readonly buffer: GPUBuffer;
  readonly offset?: number;
  readonly size?: number;
}
