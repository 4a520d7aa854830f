/** The bench's command line; started by run.mjs, which compiles it. No logic. */
import { runBench } from './bench.ts';
import { messageOf } from './measure.ts';
import { type Asked, parseOptions, USAGE } from './options.ts';
import { headline, textTable } from './report.ts';
import { saveResults, summaries } from './results.ts';
import { killEverything } from './running.ts';

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

export const main = async (argv: readonly string[], root: string): Promise<number> => {
  let asked: Asked;
  try {
    asked = parseOptions(argv, root);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n\n${USAGE}\n`);
    return 1;
  }
  if ('print' in asked) {
    say(asked.print);
    return 0;
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      killEverything();
      process.exit(130);
    });
  }
  try {
    const results = await runBench(asked.run, say);
    say(`\n${headline(results).join('\n')}\n\n${textTable(summaries(results))}`);
    if (asked.run.out !== '') say(`\n${saveResults(results, asked.run.out).join('\n')}`);
    return 0;
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    return 1;
  }
};
