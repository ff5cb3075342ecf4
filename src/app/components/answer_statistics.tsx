import type { GenerationStatistics } from '../../worker/protocol.ts';
import { formatBytes, formatCount, formatDuration, formatTokenRate } from '../format.ts';

/** An answer's figures; as attributes, unrounded, for programs that drive the page. */
export function AnswerStatistics({ statistics }: { statistics: GenerationStatistics }) {
  return (
    <dl
      class="statistics"
      data-testid="statistics"
      data-tokens-per-second={statistics.tokens_per_second}
      data-time-to-first-token-ms={statistics.time_to_first_token_ms}
      data-completion-tokens={statistics.completion_tokens}
      data-peak-weight-bytes={statistics.peak_weight_bytes}
      data-largest-layer-bytes={statistics.largest_layer_bytes}
      data-bytes-read={statistics.bytes_read}
      data-adapter={statistics.adapter}
    >
      <Figure term="Speed" value={formatTokenRate(statistics.tokens_per_second)} />
      <Figure
        term="First token after"
        value={formatDuration(statistics.time_to_first_token_ms)}
        said
      />
      <Figure term="Length" value={formatCount(statistics.completion_tokens, 'token')} />
      <Figure term="On the GPU at most" value={formatBytes(statistics.peak_weight_bytes)} said />
      <Figure term="Read" value={formatBytes(statistics.bytes_read)} said />
    </dl>
  );
}

/** `said`: the term is shown, where the value does not speak for itself. */
function Figure({ term, value, said = false }: { term: string; value: string; said?: boolean }) {
  return (
    <div>
      <dt class={said ? undefined : 'visually-hidden'}>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}
