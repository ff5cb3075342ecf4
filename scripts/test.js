import { runCommand } from './command.js';
import { installPackages } from './install_packages.js';
import { runTestStep } from './run_test_step.js';
import { ScriptError } from './script_error.js';
import { duration, say } from './terminal.js';
import { chooseSteps, USAGE } from './test_steps.js';

/** `npm test`: every check there is, on a machine that may never have seen the project. */
runCommand(async (args) => {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const steps = chooseSteps(args);
  await installPackages();
  const total = { passed: 0, failed: 0 };
  const summary = [];
  for (const step of steps) {
    say(`\n── ${step.name}: ${step.what}`);
    const started = performance.now();
    const { passed, failed } = await runTestStep(step).catch((error) => {
      if (!(error instanceof ScriptError)) throw error;
      say(error.message);
      return { passed: 0, failed: 1 };
    });
    const line = `${step.name}: ${passed} passed, ${failed} failed, ${duration(performance.now() - started)}`;
    say(line);
    summary.push(line);
    total.passed += passed;
    total.failed += failed;
  }
  say(`\n── all\n${summary.join('\n')}`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  return total.failed === 0 ? 0 : 1;
});
