import type { AnswerStatistics as Statistics } from '../../worker/protocol.ts';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatTokenRate,
} from '../format.ts';

/** An answer's figures; as attributes, unrounded, for programs that drive the page. */
export function AnswerStatistics({ statistics }: { statistics: Statistics }) {
  const { completion_tokens: tokens, tokens_per_second: rate, predicted } = statistics;
  return (
    <ul
      class="facts"
      aria-label="Statistics"
      data-testid="statistics"
      data-tokens-per-second={rate}
      data-time-to-first-token-ms={statistics.time_to_first_token_ms}
      data-completion-tokens={tokens}
      data-cached-tokens={statistics.cached_tokens}
      data-peak-weight-bytes={statistics.peak_weight_bytes}
      data-largest-layer-bytes={statistics.largest_layer_bytes}
      data-bytes-read={statistics.bytes_read}
      data-adapter={statistics.adapter}
      data-predicted-tokens-per-second={predicted?.tokens_per_second}
    >
      {rate > 0 && (
        <li>
          {formatTokenRate(rate)}
          {predicted && ` (${formatRate(predicted.tokens_per_second)} predicted)`}
        </li>
      )}
      {tokens > 0 && (
        <li>{formatDuration(statistics.time_to_first_token_ms)} to the first token</li>
      )}
      <li>{formatCount(tokens, 'token')}</li>
      <li>{formatBytes(statistics.bytes_read)} read</li>
    </ul>
  );
}
