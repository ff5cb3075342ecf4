/** What the benchmark uses of a package that is installed only when it is asked for. */
declare module '@huggingface/transformers' {
  interface Inputs {
    readonly input_ids: { readonly dims: readonly number[] };
  }

  export interface Tokenizer {
    (text: string, options: { add_special_tokens: boolean }): Inputs;
    decode(ids: readonly number[]): string;
  }

  export interface Model {
    generate(
      options: Inputs & {
        do_sample: boolean;
        max_new_tokens: number;
        min_new_tokens: number;
        streamer: { put(tokens: readonly (readonly bigint[])[]): void; end(): void };
      },
    ): Promise<unknown>;
    dispose(): Promise<void>;
  }

  export const AutoTokenizer: { from_pretrained(name: string): Promise<Tokenizer> };
  export const AutoModelForCausalLM: {
    from_pretrained(
      name: string,
      options: {
        device: string;
        dtype: string;
        progress_callback(progress: { status: string }): void;
      },
    ): Promise<Model>;
  };
  export const env: {
    readonly version: string;
    allowRemoteModels: boolean;
    allowLocalModels: boolean;
    localModelPath: string;
    readonly backends: {
      readonly onnx: {
        readonly wasm: { numThreads: number; wasmPaths: { mjs: string; wasm: string } };
      };
    };
  };
}
