/** Handlers by key that live inside the dispatching function; chosen by measurement (see README.md). */
export const isHot = (_key: string): boolean => false;
