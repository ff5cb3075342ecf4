/**
 * The report for people, in Markdown.
 * @param {import('./report.js').Report} report
 */
export function table({ model, promptTokens, decode, repeat, results }) {
  const lines = [
    `${model.name}, ${promptTokens} tokens of prompt, ${decode} generated, ${repeat} rounds: median (least to most)`,
    '',
    '| configuration | load ms | after a reload | first token ms | prefill tok/s | decode tok/s | Lamina: prefill | decode | same tokens | ran on |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...results.map(({ config, summary, laminaTimes, greedy, sameTokens, ranOn, error }) => {
      const cells = [
        config,
        cell(summary.coldLoadMs),
        cell(summary.warmLoadMs),
        cell(summary.ttftMs),
        cell(summary.prefillTokS),
        cell(summary.decodeTokS),
        times(laminaTimes?.prefill),
        times(laminaTimes?.decode),
        greedy ? `${sameTokens} of ${greedy.ids.length}` : '–',
        error === null ? (ranOn ?? '–') : 'failed',
      ];
      return `| ${cells.join(' | ')} |`;
    }),
  ];
  for (const { config, error } of results) {
    if (error !== null) lines.push('', `${config} failed: ${error}`);
  }
  return lines.join('\n');
}

/** @param {import('./summary.js').Statistic | null} statistic */
function cell(statistic) {
  if (!statistic) return '–';
  const { median, min, max } = statistic;
  return min === max ? short(median) : `${short(median)} (${short(min)} to ${short(max)})`;
}

/** @param {number | null | undefined} ratio */
function times(ratio) {
  return ratio == null ? '–' : `${short(ratio)} ×`;
}

/** Three digits, but no fewer than the whole number has. @param {number} value */
function short(value) {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
