/** What a worker thread of the data plane runs. */
import { runDataThread } from './process/data-thread.ts';

runDataThread();
