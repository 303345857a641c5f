import type { Problem } from '../peer/api';
import { toRefusal } from '../rpc/errors';
import { problemWords } from '../words/problems';

/** What went wrong in the form that screens show: a sentence and the code in small mono. */
export function toProblem(thrown: unknown): Problem {
  const { code, message, retry } = toRefusal(thrown);
  return { code, message, retry };
}

export function sentence(problem: Problem, sentences: Record<string, string> = problemWords): string {
  return sentences[problem.code] ?? problem.message;
}
