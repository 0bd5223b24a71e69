/** Boot protocols by name; traces hold the names. */
export const kernelProtocols = ['linux', 'multiboot', 'multiboot2'] as const;
export type KernelProtocol = (typeof kernelProtocols)[number];
