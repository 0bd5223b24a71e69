/** Processor models, oldest first. */
export const models = ['8086', '80286', '80386'] as const;
export type ProcessorModel = (typeof models)[number];

/** Whether `model` has what first came with `since`. */
export const atLeast = (model: ProcessorModel, since: ProcessorModel): boolean =>
  models.indexOf(model) >= models.indexOf(since);
