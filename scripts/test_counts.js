/**
 * How many tests passed and failed. Whatever did not pass has failed: also a test that was skipped, a file that
 * could not be loaded, and a run that ended badly without naming a test.
 * @typedef {{ readonly passed: number, readonly failed: number }} Counts
 */

/**
 * Of a step that is one check.
 * @param {number} code exit code
 * @returns {Counts}
 */
export function countCheck(code) {
  return code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

/**
 * Of a run of Vitest.
 * @param {number} code exit code
 * @param {unknown} report of its JSON reporter; null when it wrote none
 * @returns {Counts}
 */
export function countVitest(code, report) {
  const { testResults } = /** @type {VitestReport} */ (report ?? { testResults: [] });
  let [passed, failed] = [0, 0];
  for (const { status, assertionResults } of testResults) {
    const good = assertionResults.filter((test) => test.status === 'passed').length;
    const bad = assertionResults.length - good;
    passed += good;
    failed += status === 'failed' ? Math.max(1, bad) : bad;
  }
  return atLeastOneFailed(code, { passed, failed });
}

/**
 * Of a run of Playwright. A test that passed at a second try has failed.
 * @param {number} code exit code
 * @param {unknown} report of its JSON reporter; null when it wrote none
 * @returns {Counts}
 */
export function countPlaywright(code, report) {
  if (report === null) return atLeastOneFailed(code, { passed: 0, failed: 0 });
  const { stats, errors } = /** @type {PlaywrightReport} */ (report);
  const failed = stats.unexpected + stats.flaky + stats.skipped + errors.length;
  return atLeastOneFailed(code, { passed: stats.expected, failed });
}

/**
 * @param {number} code
 * @param {Counts} counts
 * @returns {Counts}
 */
function atLeastOneFailed(code, { passed, failed }) {
  const bad = code !== 0 || passed === 0;
  return { passed, failed: bad ? Math.max(1, failed) : failed };
}

/**
 * @typedef {object} VitestReport
 * @property {readonly {
 *   status: 'passed' | 'failed',
 *   assertionResults: readonly { status: string }[],
 * }[]} testResults one for each file
 */

/**
 * @typedef {object} PlaywrightReport
 * @property {{ expected: number, unexpected: number, flaky: number, skipped: number }} stats
 * @property {readonly unknown[]} errors outside of any test
 */
