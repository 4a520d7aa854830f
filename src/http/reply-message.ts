/** The reading of raw responses, which actions need as well: it lives in the model. */
export * from '../model/reply-message.ts';
