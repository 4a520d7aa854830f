/** What a conversation is made of, whoever it is with: text in, a flow of texts out. */
import type { SettledAnswer } from './answer.ts';
import type { ClientState } from './command.ts';

/** Texts to send; or a promise, whose outcome is given to `next`. */
export type Flow<Result = void> = Generator<
  string | Promise<SettledAnswer>,
  Result,
  SettledAnswer | undefined
>;

/** A session as its socket sees it. `client.isClosing` is set when it is over. */
export interface Talk {
  readonly client: ClientState;
  /** Takes what was received and yields what is to be sent. */
  take(text: string): Flow;
  /** The client shut its side. */
  end(): Flow;
}

/** A line may have so many bytes when nothing else is configured (HAProxy: one buffer). */
export const LINE_MAX_BYTES = 16384;
/** A payload likewise: `tune.cli.max-payload-size`. */
export const PAYLOAD_MAX_BYTES = 128 * 1024;
