import { spawn } from 'node:child_process';
import { reasonOf, ScriptError } from './script_error.js';

/**
 * @typedef {object} RunOptions
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [cwd]
 * @property {boolean} [quiet] what it says is kept, and told only when it fails
 */

/**
 * Runs a program to its end. What it says goes to standard error.
 * @param {string} program
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{ code: number, output: string }>} `output`: what a quiet program said
 * @throws ScriptError when the program cannot be started
 */
export function runProgram(program, args, { env, cwd, quiet = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env,
      cwd,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : ['ignore', 2, 2],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text) => {
        output += text;
      });
    }
    child.once('error', (error) => {
      reject(
        new ScriptError(`${program} could not be started: ${reasonOf(error)}.`, { cause: error }),
      );
    });
    child.once('close', (code, signal) => {
      if (signal === null) resolve({ code: code ?? 1, output });
      else reject(new ScriptError(`${program} was ended by ${signal}.`));
    });
  });
}
