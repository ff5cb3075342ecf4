/**
 * SentencePiece's BPE as merge rules, as Hugging Face's converter makes them: SentencePiece joins the two neighbours
 * whose joint token scores best, so each split of a token into two tokens is a rule, ranked by the token's score.
 * @param tokens those that merging may make or take, with their scores
 * @returns `left right`, best first
 */
export function mergesOfScores(tokens: ReadonlyMap<string, number>): string[] {
  const order = new Map([...tokens.keys()].map((token, i) => [token, i]));
  const rules: { left: string; right: string; score: number }[] = [];
  for (const [token, score] of tokens) {
    for (const { left, right } of splits(token, tokens)) rules.push({ left, right, score });
  }
  const rank = (token: string): number => order.get(token)!;
  // Equal scores: the longer left part, as Hugging Face ranks them, then the vocabulary's order.
  rules.sort(
    (a, b) =>
      b.score - a.score ||
      b.left.length - a.left.length ||
      b.right.length - a.right.length ||
      rank(a.left) - rank(b.left),
  );
  return rules.map(({ left, right }) => `${left} ${right}`);
}

/** A token of a text has few characters; what is longer is no word, and costs its square. */
const LONGEST = 128;

function* splits(token: string, tokens: ReadonlyMap<string, number>) {
  if (token.length > LONGEST || token.includes(' ')) return;
  for (let i = 1; i < token.length; i++) {
    const left = token.slice(0, i);
    if (!tokens.has(left)) continue;
    const right = token.slice(i);
    if (tokens.has(right)) yield { left, right };
  }
}
