import { afterAll, beforeAll, expect, test } from 'vitest';
import { openPack } from '../../bin/model.ts';
import { ChatModel } from '../../src/engine/chat_model.ts';
import { openDevice } from '../kernels/device.ts';
import {
  BROWSER_CHATS,
  type ChatReport,
  compareChat,
  compareHiddenStates,
  comparePassage,
  compareTokenizer,
  inWords,
  referenceChats,
  TOLERANCES,
  type Tolerances,
} from '../reference/smollm2.ts';
import { load } from './lab.ts';

let model: ChatModel;
let tolerances: Tolerances;
beforeAll(async () => {
  const { store, pack } = await openPack(undefined);
  model = await ChatModel.load({ gpu: await openDevice(), store, pack });
  tolerances = TOLERANCES[model.engine.precision];
});
afterAll(() => model?.destroy());

test('the tokenizer gives the ids of every string', async () => {
  const { strings, different } = await compareTokenizer(model, load);
  expect(strings).toBe(292);
  expect(different).toEqual([]);
});

test('the hidden states after every layer are those of the reference', async () => {
  const errors = await compareHiddenStates(model.engine, load);
  console.log(`hidden states: relative RMS at most ${Math.max(...errors).toExponential(2)}`);
  expect(errors).toHaveLength(32);
  for (const [index, error] of errors.entries()) {
    expect(error, `row ${index}`).toBeLessThan(tolerances.hidden);
  }
});

// In the browser's tests all of it is read.
test('the start of the passage has the log-probabilities and the perplexity of the reference', async () => {
  const report = await comparePassage(model.engine, load, 256);
  const { positions, logit, logprob, perplexity, expected_perplexity, near_ties } = report;
  console.log(
    `passage: perplexity ${perplexity.toFixed(4)}, largest difference of a logit ${logit.toExponential(2)}, of a log-probability ${logprob.toExponential(2)}`,
  );
  for (const tie of near_ties) console.log(inWords(tie));
  expect(positions).toBe(256);
  expect(logit).toBeLessThan(tolerances.logit);
  expect(logprob).toBeLessThan(tolerances.logit);
  expect(Math.abs(perplexity / expected_perplexity - 1)).toBeLessThan(tolerances.perplexity);
  expect(near_ties.filter(({ margin }) => margin >= tolerances.margin)).toEqual([]);
  expect(1 - near_ties.length / positions).toBeGreaterThanOrEqual(tolerances.agreement);
});

// The others run in the browser's tests, one layer at a time.
test('five chats get the reference’s prompt and its greedy tokens, with the whole model resident', async () => {
  await model.setResidency({ residency: 'resident' });
  const reports: ChatReport[] = [];
  const chats = (await referenceChats(load)).filter(({ name }) => !BROWSER_CHATS.includes(name));
  for (const chat of chats) reports.push(await compareChat(model, chat));
  const near_ties = reports.flatMap((report) => report.near_ties);
  for (const tie of near_ties) console.log(inWords(tie));
  expect(reports).toHaveLength(5);
  expect(reports.filter(({ same_prompt }) => !same_prompt)).toEqual([]);
  expect(near_ties.filter(({ margin }) => margin >= tolerances.margin)).toEqual([]);
});

test('an answer written freely is the reference’s text, with one layer resident at a time', async () => {
  await model.setResidency({ residency: 'strict' });
  const chat = (await referenceChats(load)).find(({ name }) => name === 'single-no-system')!;
  const { text, finish_reason, statistics } = await model.answer(chat.messages, {});
  expect(text).toBe(chat.text);
  expect(finish_reason).toBe('stop');
  expect(statistics.peak_weight_bytes).toBeLessThanOrEqual(statistics.largest_layer_bytes);
});
